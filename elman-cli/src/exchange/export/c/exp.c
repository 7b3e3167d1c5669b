
/* From here on exp(-x) is zero even among subnormal numbers. */
#define NET_EXP_MAX 104.0f

/* exp(-x) to 1.1 units in the last place, for x from 0 to NET_EXP_MAX. */
static float net_exp(float x)
{
    float rounded, n, r, q;
    rounded = NET_FMA(-x, NET_LOG2_E, NET_ROUND);
    n = rounded - NET_ROUND;
    r = NET_FMA(-n, 0.6933594f, -x);
    r = NET_FMA(-n, -2.1219444e-4f, r);
    q = NET_FMA(0.0013898319f, r, 0.008366355f);
    q = NET_FMA(q, r, 0.041666858f);
    q = NET_FMA(q, r, 0.16666546f);
    q = NET_FMA(q, r, 0.5f);
    q = NET_FMA(r * r, q, r) + 1.0f;
    /* In two halves, so that the result may be too small for a normal number; the first is exact. */
    q *= net_float((net_bits(rounded) + 127u + 64u) << 23);
    return q * 5.421010862427522e-20f;
}
