
static void net_activate_tanh(float *h, size_t len)
{
    size_t i;
    for (i = 0; i < len; i++) {
        h[i] = net_tanh(h[i], NET_TANH_MAX);
    }
}
