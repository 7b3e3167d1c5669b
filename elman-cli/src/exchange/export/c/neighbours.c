    /* Every row between its neighbours, the last one first: what is overwritten is not read any more. */
    for (t = steps; t-- > 0;) {
        size_t place;
        for (place = NET_WINDOW; place-- > 0;) {
            float *const to = x + t * NET_INPUTS + place * NET_COLUMNS;
            const size_t ahead = t + place;
            const int inside = ahead >= NET_WINDOW / 2 && ahead - NET_WINDOW / 2 < steps;
            const float *const from = inside ? x + (ahead - NET_WINDOW / 2) * NET_COLUMNS : x;
            size_t i;
            for (i = 0; i < NET_COLUMNS; i++) {
                to[i] = inside ? from[i] : 0.0f;
            }
        }
    }
