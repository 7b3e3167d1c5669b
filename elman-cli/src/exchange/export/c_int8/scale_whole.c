
/* Whole numbers on the scale: none of them is missing. */
static void net_scale_row_i16(const int16_t *raw, int16_t *row, const uint32_t *missing)
{
    const NET_SPACE net_column *column = net_scale_i16;
    const int16_t *const end = raw + NET_COLUMNS;
    (void)missing;
    do {
        const int32_t x = *raw++;
        if ((uint32_t)x - (uint32_t)column->low < column->count) {
            const int32_t product = (int32_t)((uint32_t)x * column->multiplier) >> column->shift;
            *row++ = (int16_t)((int32_t)((uint32_t)product + column->offset) >> 16);
        } else {
            *row++ = x < column->low ? -NET_FARTHEST : NET_FARTHEST;
        }
        column++;
    } while (raw != end);
}
