
/* Where a row first differs from what it must be, counted from 1; 0 if it does not. */
static size_t net_compare(const float *found, const NET_SPACE float *golden, size_t len)
{
    size_t i;
    for (i = 0; i < len; i++) {
        const float must = golden[i];
        const float distance = found[i] < must ? must - found[i] : found[i] - must;
        const int same = memcmp(found + i, &must, sizeof must) == 0;
        if (!same && (NET_FUSED || !(distance <= NET_TOLERANCE))) {
            return i + 1;
        }
    }
    return 0;
}
