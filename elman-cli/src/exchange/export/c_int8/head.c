
/* y = bias + W_out * h, four rows at a time. */
static void net_product(const NET_SPACE net_weight *w, const NET_SPACE net_rows *rows, const net_vector *x, int32_t *y,
                        size_t outputs)
{
    while (outputs > 0) {
        const size_t here = outputs < 4u ? outputs : 4u;
        int32_t z[4];
        net_biases(rows, z);
        w = net_add(w, rows->in, x, z);
        y[0] = z[0];
        if (here > 1u) {
            y[1] = z[1];
        }
        if (here > 2u) {
            y[2] = z[2];
        }
        if (here > 3u) {
            y[3] = z[3];
        }
        rows++;
        y += here;
        outputs -= here;
    }
}
