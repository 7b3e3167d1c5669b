
/* The logarithm of a number, of a normal one at least: with x = 2^k (1 + f) and s = f / (2 + f), k ln 2 + 2 atanh(s). */
static float net_logarithm(float x)
{
    /* 1 + f lies between the square root of 1/2 and its double. */
    const uint32_t bits = net_bits(x < 1.17549435e-38f ? 1.17549435e-38f : x);
    const uint32_t biased = (bits + 0x004AFB0Du) >> 23;
    const float k = (float)biased - 127.0f;
    const float f = net_float(bits - ((biased - 127u) << 23)) - 1.0f;
    const float s = f / (2.0f + f);
    const float square = net_times(s, s);
    float series = net_times(0.22222222f, square) + 0.2857143f;
    series = net_times(series, square) + 0.4f;
    series = net_times(series, square) + 0.6666667f;
    series = net_times(series, square);
    series = net_times(s, f - series) - net_times(k, 9.058001e-6f);
    return net_times(k, 0.6931381f) + (f - series);
}
