
/* y = bias + x * w, panel after panel of eight outputs. */
static void net_product(const NET_SPACE float *w, const net_part *parts, size_t count, float *y, size_t outputs)
{
    while (outputs > 0) {
        const size_t here = outputs < 8 ? outputs : 8;
        float sums[8];
        w = net_sums(w, parts, count, sums);
        memcpy(y, sums, here * sizeof *y);
        y += here;
        outputs -= here;
    }
}
