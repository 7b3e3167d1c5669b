    /* Every row between its neighbours, the last one first: what is overwritten is not read any more. */
    for (t = steps; t-- > 0;) {
        size_t place;
        for (place = NET_WINDOW; place-- > 0;) {
            float *const to = x + t * NET_INPUTS + place * NET_COLUMNS;
            const size_t ahead = t + place;
            if (ahead < NET_WINDOW / 2 || ahead >= steps + NET_WINDOW / 2) {
                memset(to, 0, NET_COLUMNS * sizeof *to);
            } else {
                memmove(to, x + (ahead - NET_WINDOW / 2) * NET_COLUMNS, NET_COLUMNS * sizeof *to);
            }
        }
    }
