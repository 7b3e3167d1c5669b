
#if defined(NET_IS_PLAIN) || defined(NET_IS_THUMB)
#define NET_SCALED(sum, m) net_scaled(sum, m)
#else
#define NET_SCALED(sum, m) __smlawb(sum, m, 0)
#endif

/* A step of a GRU layer. Rows of four units: those of n_in, r, z, n_rec. */
static void net_gru(const NET_SPACE net_weight *w, const NET_SPACE net_rows *rows, size_t fours, const net_fixed *fixed,
                    const net_vector *x, const net_vector *before, int16_t *h)
{
    const int16_t *old = before->x;
    while (fours > 0) {
        int32_t n_in[4], r[4], z[4], n_rec[4];
        size_t i;
        net_biases(rows, n_in);
        w = net_add(w, rows[0].in, x, n_in);
        net_biases(rows + 1, r);
        w = net_add(w, rows[1].in, x, r);
        w = net_add(w, rows[1].rec, before, r);
        net_biases(rows + 2, z);
        w = net_add(w, rows[2].in, x, z);
        w = net_add(w, rows[2].rec, before, z);
        net_biases(rows + 3, n_rec);
        w = net_add(w, rows[3].rec, before, n_rec);
        for (i = 0; i < 4u; i++) {
            /* r * n_rec is half of n_rec, and as much again times tanh(r / 2). */
            const int32_t u = NET_SCALED(n_rec[i], (int16_t)net_tanh_of_half(r[i], fixed));
            const int32_t n = net_tanh((n_in[i] + (n_rec[i] >> 1) + u) >> fixed->shift, fixed->most);
            const int32_t kept = net_sigmoid(z[i], fixed);
            h[i] = (int16_t)((kept * old[i] + (0x10000 - kept) * n + 0x8000) >> 16);
        }
        rows += 4;
        old += 4;
        h += 4;
        fours--;
    }
}
