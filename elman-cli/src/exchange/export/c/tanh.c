
/* From here on tanh rounds to +-1. */
#define NET_TANH_MAX 9.02f

/*
 * tanh to 1.5 units in the last place: a polynomial near zero, else e / (e + 2) with e = expm1(2 |x|). Limits x to +-most,
 * which is NET_TANH_MAX or a smaller clip.
 */
static float net_tanh(float x, float most)
{
    const uint32_t sign = net_bits(x) & 0x80000000u;
    float m = net_float(net_bits(x) & 0x7FFFFFFFu);
    float y;
    m = most < m ? most : m;
    if (m < 0.45f) {
        const float v = m * m;
        float p = NET_FMA(0.018013233f, v, -0.05333915f);
        p = NET_FMA(p, v, 0.13329196f);
        p = NET_FMA(p, v, -0.33333248f);
        y = NET_FMA(m * v, p, m);
    } else {
        const float rounded = NET_FMA(m, 2.0f * NET_LOG2_E, NET_ROUND);
        const float n = rounded - NET_ROUND;
        const float r = NET_FMA(-n, 0.5f * 0.693147180559945309417f, m);
        const float power = net_float((net_bits(rounded) + 127u) << 23);
        float half_e, p = NET_FMA(32.0f * 0.0013898319f, r, 16.0f * 0.008366355f);
        p = NET_FMA(p, r, 8.0f * 0.041666858f);
        p = NET_FMA(p, r, 4.0f * 0.16666546f);
        p = NET_FMA(p, r, 2.0f * 0.5f);
        p = NET_FMA(r * r, p, r);
        half_e = NET_FMA(power, p, NET_FMA(power, 0.5f, -0.5f));
        y = half_e / (half_e + 1.0f);
    }
    return net_float(net_bits(y) | sign);
}
