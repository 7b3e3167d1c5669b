        {
            /* Kahan's sum: however long the sequence, it is as near as one rounding or two. */
            const float more = x - stream->totals[NET_COLUMNS + i];
            const float total = stream->totals[i] + more;
            stream->totals[NET_COLUMNS + i] = (total - stream->totals[i]) - more;
            stream->totals[i] = total;
        }
