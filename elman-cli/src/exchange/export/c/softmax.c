
/* Probabilities in place. Sixteen sums side by side, added up in halves: the order of elman-core. */
static void net_softmax(float *y, size_t len)
{
    float sums[16], largest = y[0];
    size_t i, half;
    for (i = 1; i < len; i++) {
        largest = largest > y[i] ? largest : y[i];
    }
    for (i = 0; i < 16; i++) {
        sums[i] = 0.0f;
    }
    for (i = 0; i < len; i++) {
        const float below = largest - y[i];
        y[i] = net_exp(NET_EXP_MAX < below ? NET_EXP_MAX : below);
        sums[i % 16] += y[i];
    }
    for (half = 8; half > 0; half /= 2) {
        for (i = 0; i < half; i++) {
            sums[i] += sums[i + half];
        }
    }
    sums[0] = 1.0f / sums[0];
    for (i = 0; i < len; i++) {
        y[i] *= sums[0];
    }
}
