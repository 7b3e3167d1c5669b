
/* Copies from a table. */
#if defined(__AVR__) && defined(__FLASH)
#include <avr/pgmspace.h>
#define NET_LOAD(to, from, size) memcpy_P((to), (const void *)(from), (size))
#else
#define NET_LOAD(to, from, size) memcpy((to), (from), (size))
#endif
