
/* tanh(x / 2), of which a sigmoid is made. */
static inline int32_t net_tanh_of_half(int32_t z, const net_fixed *fixed)
{
    return net_tanh(z >> (fixed->shift + 1), fixed->most_half);
}

/* In units of 2^-16. */
static inline int32_t net_sigmoid(int32_t z, const net_fixed *fixed)
{
    return 0x8000 + net_tanh_of_half(z, fixed);
}
