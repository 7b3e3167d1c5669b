
/* Whole numbers on the scale. From low on count of them are not cut, and sums are right but for a multiple of 2^32. */
static void net_scale_whole(net_stream *stream, const int16_t *raw, int16_t *row)
{
    const NET_SPACE net_whole *column = net_wholes;
    size_t i;
    (void)stream;
    for (i = 0; i < NET_COLUMNS; i++, column++) {
        const int32_t x = raw[i];
        if ((uint32_t)x - (uint32_t)column->low < column->count) {
            const int32_t product = (int32_t)((uint32_t)x * column->multiplier) >> column->shift;
            row[i] = (int16_t)((int32_t)((uint32_t)product + column->offset) >> 16);
        } else {
            row[i] = x < column->low ? -NET_FARTHEST : NET_FARTHEST;
        }
    }
}
