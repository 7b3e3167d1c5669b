
/* Four units of relu. */
static inline void net_relu_four(const int32_t z[4], int shift, int16_t *h)
{
    h[0] = net_limited(z[0] >> shift, 0, 0x7FFF);
    h[1] = net_limited(z[1] >> shift, 0, 0x7FFF);
    h[2] = net_limited(z[2] >> shift, 0, 0x7FFF);
    h[3] = net_limited(z[3] >> shift, 0, 0x7FFF);
}
