
/* floor(x * multiplier / 2^shift) of a float by its bits, but for a multiple of 2^32. */
static uint32_t net_product_of(uint32_t bits, const NET_SPACE net_column *column)
{
    const uint32_t exponent = bits >> 23 & 0xFFu;
    const uint32_t mantissa = (bits & 0x7FFFFFu) | 0x800000u;
    const int32_t shift = column->shift - (int32_t)exponent;
    /* Of a number below zero the complement of what is one less, so that it is rounded down as well. */
    const uint32_t sign = exponent != 0u ? 0u - (bits >> 31) : 0u;
    const uint32_t low = (mantissa & 0xFFu) * column->multiplier + sign;
    const uint32_t high = (mantissa >> 8) * column->multiplier + (uint32_t)((int32_t)low >> 8);
    if (shift >= 8) {
        return (shift < 40 ? high >> (shift - 8) : 0u) ^ sign;
    }
    if (shift >= 0) {
        return (high << (8 - shift) | (low & 0xFFu) >> shift) ^ sign;
    }
    return ((high << 8 | (low & 0xFFu)) ^ sign) << -shift;
}

/* What is missing, or lies beyond the cut. */
static int16_t net_beyond(uint32_t bits, int is_low, uint32_t *missing)
{
    if ((bits & 0x7F800000u) == 0x7F800000u) {
        ++*missing;
        return 0;
    }
    return is_low ? -NET_FARTHEST : NET_FARTHEST;
}

/* Floats on the scale, by their bits: no chip needs an FPU for it, and no flag of a compiler changes a number. */
static void net_scale_row(const float *raw, int16_t *row, uint32_t *missing)
{
    const NET_SPACE net_column *column = net_scale;
    const float *const end = raw + NET_COLUMNS;
    do {
        const uint32_t bits = net_bits(*raw++);
        /* In the order of the numbers. */
        const uint32_t order = (bits & 0x80000000u) != 0u ? bits ^ 0x7FFFFFFFu : bits;
        if (order - (uint32_t)column->low < column->count) {
            *row++ = (int16_t)((int32_t)(net_product_of(bits, column) + column->offset) >> 16);
        } else {
            *row++ = net_beyond(bits, (int32_t)order < column->low, missing);
        }
        column++;
    } while (raw != end);
}
