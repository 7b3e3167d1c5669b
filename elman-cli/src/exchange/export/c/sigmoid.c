
/*
 * 1 / (1 + exp(-x)) to 1.5 units in the last place; what 1 + e loses in rounding corrects the quotient. Limits x to +-most, which
 * is NET_EXP_MAX or a smaller clip.
 */
static float net_sigmoid(float x, float most)
{
    const float m = net_float(net_bits(x) & 0x7FFFFFFFu);
    const float e = net_exp(most < m ? most : m);
    const float sum = e + 1.0f;
    const float lost = e - (sum - 1.0f);
    const float quotient = (x < 0.0f ? e : 1.0f) / sum;
    return NET_FMA(-quotient, lost, quotient);
}
