
/* The largest argument of tanh in units of 2^-14: beyond it nothing changes. */
#define NET_TANH_MAX 0x1FFFFu
