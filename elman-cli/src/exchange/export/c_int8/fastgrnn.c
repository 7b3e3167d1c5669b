
/* A step of a FastGRNN layer. Rows of four units: those of the sum, then the biases of z and of n alone. */
static void net_fastgrnn(const NET_SPACE net_weight *w, const NET_SPACE net_rows *rows, size_t fours,
                         const net_fixed *fixed, const net_vector *x, const net_vector *before, int16_t *h)
{
    const int16_t *old = before->x;
    const int cut = 2 + fixed->exponent;
    while (fours > 0) {
        int32_t u[4];
        size_t i;
        net_biases(rows, u);
        w = net_add(w, rows->in, x, u);
        w = net_add(w, rows->rec, before, u);
        for (i = 0; i < 4u; i++) {
            const int32_t z = net_sigmoid(u[i] + rows[1].bias[i], fixed);
            const int32_t n = net_tanh((u[i] + rows[2].bias[i]) >> fixed->shift, fixed->most);
            const int32_t share = (int32_t)(((uint32_t)fixed->first * (uint32_t)(0x10000 - z) + 0x8000u) >> 16);
            const int32_t part = ((share * n) >> cut) + ((fixed->second * n) >> cut);
            h[i] = net_limited((((z * old[i]) >> 2) + part + 0x2000) >> 14, -32768, 32767);
        }
        rows += 3;
        old += 4;
        h += 4;
        fours--;
    }
}
