        {
            size_t row;
            for (row = 0; row < ROWS; row++) {
                /* The first row stands for those before it. */
                if (stream->count == 0 || row == stream->slot) {
                    stream->past[row * NET_COLUMNS + i] = x;
                }
            }
        }
