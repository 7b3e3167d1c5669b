
/* A float on the scale, by its bits: no chip needs an FPU for it, and no flag of a compiler changes a number. */
static int16_t net_scaled_float(net_stream *stream, uint32_t bits, const NET_SPACE net_column *column)
{
    const int32_t exponent = (int32_t)(bits >> 23 & 0xFFu);
    const int32_t shift = column->shift - exponent + 150;
    int64_t product;
    if (exponent == 0xFF) {
        stream->missing++;
        return 0;
    }
    product = exponent == 0 ? 0 : (int64_t)((bits & 0x7FFFFFu) | 0x800000u) * column->multiplier;
    /* What is shifted left by 20 is far beyond any offset. */
    if (shift < 0) {
        product *= (int64_t)1 << (shift < -20 ? 20 : -shift);
    }
    product = (bits & 0x80000000u) != 0u ? -product : product;
    if (shift > 0) {
        product >>= shift > 63 ? 63 : shift;
    }
    product = (product + column->offset) >> 16;
    return (int16_t)(product > NET_FARTHEST ? NET_FARTHEST : product < -NET_FARTHEST ? -NET_FARTHEST : product);
}

static void net_scale_row(net_stream *stream, const float *raw, int16_t *row)
{
    size_t i;
    for (i = 0; i < NET_COLUMNS; i++) {
        row[i] = net_scaled_float(stream, net_bits(raw[i]), net_columns + i);
    }
}
