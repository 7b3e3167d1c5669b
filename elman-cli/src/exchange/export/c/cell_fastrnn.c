
/*
 * A step of a FastRNN layer: h from parts, of which the one behind count inputs is the state before. Weights begin with alpha and
 * beta; panels hold eight units.
 */
static void net_fastrnn(const NET_SPACE float *w, const net_part *parts, size_t count, float *h, size_t hidden)
{
    const float *before = parts[count].x;
    const float alpha = w[0], beta = w[1];
    w += 2;
    while (hidden > 0) {
        const size_t here = hidden < 8 ? hidden : 8;
        float sums[8];
        size_t i;
        w = net_sums(w, parts, count + 1, sums);
        for (i = 0; i < here; i++) {
            /* Rounded on its own. */
            const float kept = beta * before[i];
            h[i] = NET_FMA(alpha, net_tanh(sums[i], NET_TANH_MAX), kept);
        }
        before += here;
        h += here;
        hidden -= here;
    }
}
