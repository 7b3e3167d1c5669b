
/* Adding this rounds a small number to the nearest integer, which then lies in the low bits. */
#define NET_ROUND 12582912.0f
#define NET_LOG2_E 1.44269504088896340736f
