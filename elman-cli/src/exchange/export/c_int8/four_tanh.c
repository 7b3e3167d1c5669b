
/* Four units of tanh. */
static inline void net_tanh_four(const int32_t z[4], int shift, int16_t *h)
{
#ifdef NET_IS_MVE
    const int32x4_t t = vshlq_r_s32(vld1q_s32(z), -shift);
    const uint32x4_t m = vminq_u32(vreinterpretq_u32_s32(vabsq_s32(t)), vdupq_n_u32(NET_TANH_MAX));
    const uint32x4_t line = vldrwq_gather_shifted_offset_u32(net_lines, vshrq_n_u32(m, 9));
    const uint32x4_t rise = vmulq_u32(vshrq_n_u32(line, 16), vandq_u32(m, vdupq_n_u32(511u)));
    const int32x4_t y = vreinterpretq_s32_u32(vaddq_u32(vmovlbq_u16(vreinterpretq_u16_u32(line)), vrshrq_n_u32(rise, 9)));
    vstrhq_s32(h, vnegq_m_s32(y, y, vcmpltq_n_s32(t, 0)));
#else
    h[0] = (int16_t)net_tanh(z[0] >> shift, NET_TANH_MAX);
    h[1] = (int16_t)net_tanh(z[1] >> shift, NET_TANH_MAX);
    h[2] = (int16_t)net_tanh(z[2] >> shift, NET_TANH_MAX);
    h[3] = (int16_t)net_tanh(z[3] >> shift, NET_TANH_MAX);
#endif
}
