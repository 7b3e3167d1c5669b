
/*
 * A step of a GRU layer: h from parts, of which the one behind count inputs is the state before. Panels hold eight units: those of
 * n_in (biases and input weights), r and z (recurrent weights as well), n_rec (biases and recurrent weights).
 */
static void net_gru(const NET_SPACE float *w, const net_part *parts, size_t count, float *h, size_t hidden, float clip)
{
    const float *before = parts[count].x;
    const float tanh_clip = clip < NET_TANH_MAX ? clip : NET_TANH_MAX;
    while (hidden > 0) {
        const size_t here = hidden < 8 ? hidden : 8;
        float n_in[8], r[8], z[8], n_rec[8];
        size_t i;
        w = net_sums(w, parts, count, n_in);
        w = net_sums(w, parts, count + 1, r);
        w = net_sums(w, parts, count + 1, z);
        w = net_sums(w, parts + count, 1, n_rec);
        for (i = 0; i < here; i++) {
            const float n = net_tanh(NET_FMA(net_sigmoid(r[i], clip), n_rec[i], n_in[i]), tanh_clip);
            h[i] = NET_FMA(net_sigmoid(z[i], clip), before[i] - n, n);
        }
        before += here;
        h += here;
        hidden -= here;
    }
}
