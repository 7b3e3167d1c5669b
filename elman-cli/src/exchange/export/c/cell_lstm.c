
/*
 * A step of an LSTM layer: h from parts, of which the one behind count inputs is the h before, and c in place. Panels hold eight
 * units: those of i, f, g, o.
 */
static void net_lstm(const NET_SPACE float *w, const net_part *parts, size_t count, float *h, float *c, size_t hidden, float clip)
{
    const float tanh_clip = clip < NET_TANH_MAX ? clip : NET_TANH_MAX;
    while (hidden > 0) {
        const size_t here = hidden < 8 ? hidden : 8;
        float sums[4][8];
        size_t i;
        for (i = 0; i < 4; i++) {
            w = net_sums(w, parts, count + 1, sums[i]);
        }
        for (i = 0; i < here; i++) {
            const float new_part = net_sigmoid(sums[0][i], clip) * net_tanh(sums[2][i], tanh_clip);
            c[i] = NET_FMA(net_sigmoid(sums[1][i], clip), c[i], new_part);
            h[i] = net_sigmoid(sums[3][i], clip) * net_tanh(c[i], NET_TANH_MAX);
        }
        h += here;
        c += here;
        hidden -= here;
    }
}
