
/* max(0, x) that lets a NaN through, and whose zero is positive. */
static void net_activate_relu(float *h, size_t len)
{
    size_t i;
    for (i = 0; i < len; i++) {
        h[i] = (0.0f > h[i] ? 0.0f : h[i]) + 0.0f;
    }
}
