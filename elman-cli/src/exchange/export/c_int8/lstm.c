
/* A step of an LSTM layer, c in place. Rows of four units: those of i, f, g, o. */
static void net_lstm(const NET_SPACE net_weight *w, const NET_SPACE net_rows *rows, size_t fours, const net_fixed *fixed,
                     const net_vector *x, const net_vector *before, int16_t *h, int16_t *c)
{
    while (fours > 0) {
        int32_t sums[4][4];
        size_t i;
        for (i = 0; i < 4u; i++) {
            net_biases(rows, sums[i]);
            w = net_add(w, rows->in, x, sums[i]);
            w = net_add(w, rows->rec, before, sums[i]);
            rows++;
        }
        for (i = 0; i < 4u; i++) {
            const int32_t kept = net_sigmoid(sums[1][i], fixed) * c[i];
            const int32_t part = net_sigmoid(sums[0][i], fixed) * net_tanh(sums[2][i] >> fixed->shift, fixed->most);
            c[i] = net_limited(((kept >> 1) + (part >> (1 + fixed->exponent)) + 0x4000) >> 15, -32768, 32767);
            {
                const int32_t t = net_tanh((c[i] * ((int32_t)1 << fixed->exponent)) >> 1, NET_TANH_MAX);
                h[i] = (int16_t)((net_sigmoid(sums[3][i], fixed) * t + 0x8000) >> 16);
            }
        }
        h += 4;
        c += 4;
        fours--;
    }
}
