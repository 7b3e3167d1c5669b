
/* Logits as floats. */
static void net_floats(const int32_t *logits, float *y, size_t len)
{
    size_t i;
    for (i = 0; i < len; i++) {
        volatile float product = (float)logits[i] * NET_UNIT;
        y[i] = product;
    }
}
