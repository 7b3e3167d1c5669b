
/* Some numbers that a product reads. */
typedef struct {
    const float *x;
    size_t len;
} net_part;

/*
 * y = bias + x * w, where x lies in parts. Weights lie in panels of eight outputs: their biases, then for each number
 * of x the eight weights that it meets. Every output is one chain of multiply-adds in the order of x.
 */
static void net_product(const float *w, const net_part *parts, size_t count, float *y, size_t outputs)
{
    while (outputs > 0) {
        float s0 = w[0], s1 = w[1], s2 = w[2], s3 = w[3];
        float s4 = w[4], s5 = w[5], s6 = w[6], s7 = w[7];
        size_t part;
        w += 8;
        for (part = 0; part < count; part++) {
            const float *x = parts[part].x;
            const float *const end = x + parts[part].len;
            while (x != end) {
                const float a = *x++;
                s0 = NET_FMA(a, w[0], s0);
                s1 = NET_FMA(a, w[1], s1);
                s2 = NET_FMA(a, w[2], s2);
                s3 = NET_FMA(a, w[3], s3);
                s4 = NET_FMA(a, w[4], s4);
                s5 = NET_FMA(a, w[5], s5);
                s6 = NET_FMA(a, w[6], s6);
                s7 = NET_FMA(a, w[7], s7);
                w += 8;
            }
        }
        {
            float sums[8];
            const size_t here = outputs < 8 ? outputs : 8;
            sums[0] = s0;
            sums[1] = s1;
            sums[2] = s2;
            sums[3] = s3;
            sums[4] = s4;
            sums[5] = s5;
            sums[6] = s6;
            sums[7] = s7;
            memcpy(y, sums, here * sizeof *y);
            y += here;
            outputs -= here;
        }
    }
}
