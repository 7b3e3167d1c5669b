
#ifdef NET_SINGLE_TANH
/* tanh(t / 2^14) * 2^15 by 256 lines, of the t within +-most that is nearest: off by at most 2.6 units. */
static inline int32_t net_tanh(int32_t t, uint32_t most)
{
    const uint32_t sign = t < 0 ? 0xFFFFFFFFu : 0u;
    uint32_t m = ((uint32_t)t ^ sign) - sign;
    uint32_t line;
    m = m < most ? m : most;
    line = net_lines[m >> 9];
#if defined(NET_IS_MVE) || defined(NET_IS_DSP)
    m = (uint32_t)__smlatb((int32_t)line, (int32_t)(m & 511u), 256);
#else
    m = (uint32_t)(uint16_t)(line >> 16) * (uint16_t)(m & 511u) + 256u;
#endif
    m = (line & 0xFFFFu) + (m >> 9);
    return (int32_t)((m ^ sign) - sign);
}
#endif
