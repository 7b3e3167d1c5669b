
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

/* Parts of all classes, and what they are divided by. */
typedef struct {
    uint32_t parts[NET_OUTPUTS];
    uint32_t factor, shift;
} net_parts;

static void net_divide(net_parts *all, const int32_t *y)
{
    int32_t largest = y[0];
    uint32_t sum = 0;
    size_t i;
    for (i = 1; i < NET_OUTPUTS; i++) {
        largest = y[i] > largest ? y[i] : largest;
    }
    for (i = 0; i < NET_OUTPUTS; i++) {
        all->parts[i] = net_part(largest, y[i]);
        sum += all->parts[i];
    }
    all->shift = 16;
    while (sum >= 0x10000u) {
        sum >>= 1;
        all->shift++;
    }
    all->factor = 0x80000000u / sum;
}

static uint32_t net_share(const net_parts *all, size_t label)
{
    return (all->parts[label] * all->factor) >> all->shift;
}
