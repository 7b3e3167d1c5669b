
/* exp to 1.1 units in the last place, for x <= 0. */
static float net_exp(float x)
{
    float rounded, n, r, q;
    int32_t whole, half;
    x = -104.0f > x ? -104.0f : x;
    rounded = NET_FMA(x, NET_LOG2_E, NET_ROUND);
    n = rounded - NET_ROUND;
    r = NET_FMA(-n, 0.6933594f, x);
    r = NET_FMA(-n, -2.1219444e-4f, r);
    q = NET_FMA(0.0013898319f, r, 0.008366355f);
    q = NET_FMA(q, r, 0.041666858f);
    q = NET_FMA(q, r, 0.16666546f);
    q = NET_FMA(q, r, 0.5f);
    q = NET_FMA(r * r, q, r) + 1.0f;
    /* In two halves, so that the result may be too small for a normal number. */
    whole = (int32_t)(net_bits(rounded) - 0x4B400000u);
    half = whole / 2;
    q *= net_float((uint32_t)(half + 127) << 23);
    return q * net_float((uint32_t)(whole - half + 127) << 23);
}

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
        y[i] = net_exp(y[i] - largest);
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
