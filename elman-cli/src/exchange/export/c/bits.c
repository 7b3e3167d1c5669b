
/* Adding this rounds a small number to the nearest integer, which then lies in the low bits. */
#define NET_ROUND 12582912.0f
#define NET_LOG2_E 1.44269504088896340736f

static uint32_t net_bits(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static float net_float(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}
