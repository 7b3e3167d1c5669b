
/*
 * A step of a FastGRNN layer: h from parts, of which the one behind count inputs is the state before. Weights begin with zeta and
 * nu; panels hold eight units: zeros and the weights that gate and update share, biases of z, biases of n.
 */
static void net_fastgrnn(const NET_SPACE float *w, const net_part *parts, size_t count, float *h, size_t hidden)
{
    const float *before = parts[count].x;
    const float zeta = w[0], nu = w[1];
    w += 2;
    while (hidden > 0) {
        const size_t here = hidden < 8 ? hidden : 8;
        float sums[8];
        size_t i;
        w = net_sums(w, parts, count + 1, sums);
        for (i = 0; i < here; i++) {
            /* sigmoid(x) = tanh(x / 2) / 2 + 1/2 */
            const float z = NET_FMA(0.5f, net_tanh(0.5f * (sums[i] + w[i]), NET_TANH_MAX), 0.5f);
            const float n = net_tanh(sums[i] + w[8 + i], NET_TANH_MAX);
            /* Rounded on its own. */
            const float kept = z * before[i];
            h[i] = NET_FMA(NET_FMA(zeta, 1.0f - z, nu), n, kept);
        }
        w += 16;
        before += here;
        h += here;
        hidden -= here;
    }
}
