
/* A step of a FastRNN layer. */
static void net_fastrnn(const NET_SPACE net_weight *w, const NET_SPACE net_rows *rows, size_t fours,
                        const net_fixed *fixed, const net_vector *x, const net_vector *before, int16_t *h)
{
    const int16_t *old = before->x;
    while (fours > 0) {
        int32_t n[4];
        size_t i;
        net_biases(rows, n);
        w = net_add(w, rows->in, x, n);
        w = net_add(w, rows->rec, before, n);
        for (i = 0; i < 4u; i++) {
            const int32_t part = fixed->first * net_tanh(n[i] >> fixed->shift, fixed->most);
            const int32_t kept = fixed->second * old[i];
            h[i] = net_limited(((kept >> 1) + (part >> (1 + fixed->exponent)) + 0x4000) >> 15, -32768, 32767);
        }
        rows++;
        old += 4;
        h += 4;
        fours--;
    }
}
