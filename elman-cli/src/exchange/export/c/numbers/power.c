
/* e to the power of x, times a unit: 2^n times a polynomial; finite, and 0 where the power would be too small for a normal number. */
static float net_power(float x, float unit)
{
    float rounded, n, r, q;
    x = x > 88.7f ? 88.7f : x;
    if (x < -86.0f) {
        return 0.0f;
    }
    rounded = net_times(x, NET_LOG2_E) + NET_ROUND;
    n = rounded - NET_ROUND;
    r = (x - net_times(n, 0.6933594f)) + net_times(n, 2.1219444e-4f);
    q = net_times(0.0013898319f, r) + 0.008366355f;
    q = net_times(q, r) + 0.041666858f;
    q = net_times(q, r) + 0.16666546f;
    q = net_times(q, r) + 0.5f;
    q = (net_times(q, net_times(r, r)) + r) + 1.0f;
    /* In two factors, so that the largest power is no infinity. */
    q = ((q * net_float((net_bits(rounded) + 126u) << 23)) * 2.0f) * unit;
    return q > 3.40282347e+38f ? 3.40282347e+38f : q;
}
