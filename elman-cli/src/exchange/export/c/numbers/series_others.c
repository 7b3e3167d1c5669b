    for (i = 0; i + 1 < NET_COLUMNS; i++) {
        float *const place = stream->others + 2 * i;
        const float from = (raw[i + 1] - net_centers[2 * i + 2]) - net_centers[2 * i + 3];
        const int is_there = from - from >= 0.0f;
        const float old = is_first ? 0.0f : place[0];
        stream->missing += !is_there;
        place[0] = is_there ? from : old;
        /* The first value stands for the one before it. */
        place[1] = is_first ? place[0] : old;
    }
