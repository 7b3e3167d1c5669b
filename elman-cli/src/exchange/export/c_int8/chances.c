
/*
 * Probabilities in units of 2^-15, without a float: powers of two by a polynomial, and one division. Each is within 2^-11 of the softmax
 * of the logits.
 */
static uint32_t net_part(int32_t largest, int32_t logit)
{
    const uint32_t distance = (uint32_t)largest - (uint32_t)logit;
    uint32_t octaves, f, slope;
    if (distance >= NET_FARTHEST_LOGIT) {
        return 0;
    }
    /* In units of 2^-11. */
    octaves = ((distance >> NET_LOGIT_SHIFT) * NET_LOGIT_OCTAVES) >> 16;
    f = octaves & 0x7FFu;
    slope = 22657u - (((7555u - ((1282u * f) >> 11)) * f) >> 11);
    return (32768u - ((slope * f) >> 11)) >> (octaves >> 11);
}

/* What the parts of all classes are divided by. */
typedef struct {
    int32_t largest;
    uint32_t factor, shift;
} net_divisor;

static net_divisor net_divide(const int32_t *y)
{
    net_divisor divisor;
    uint32_t sum = 0;
    size_t i;
    divisor.largest = y[0];
    for (i = 1; i < NET_OUTPUTS; i++) {
        divisor.largest = y[i] > divisor.largest ? y[i] : divisor.largest;
    }
    for (i = 0; i < NET_OUTPUTS; i++) {
        sum += net_part(divisor.largest, y[i]);
    }
    divisor.shift = 16;
    while (sum >= 0x10000u) {
        sum >>= 1;
        divisor.shift++;
    }
    divisor.factor = 0x80000000u / sum;
    return divisor;
}

static uint32_t net_share(const net_divisor *divisor, int32_t logit)
{
    return (net_part(divisor->largest, logit) * divisor->factor) >> divisor->shift;
}
