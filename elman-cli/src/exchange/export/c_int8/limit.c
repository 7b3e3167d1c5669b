
/* Numbers within +-limit. */
static void net_limit(int16_t *h, size_t len, int32_t limit)
{
    size_t i;
    for (i = 0; i < len; i++) {
        h[i] = net_limited(h[i], -limit, limit);
    }
}
