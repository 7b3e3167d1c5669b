
/*
 * Where the tables lie. NET_FLASH may be set from outside, to an attribute of the compiler's that puts them into another
 * section: in ITCM, or in external flash. An AVR reads its flash through an address space of its own, which only C has.
 */
#if defined(__AVR__) && defined(__FLASH)
#define NET_SPACE __flash
#else
#define NET_SPACE
#endif
#ifndef NET_FLASH
#define NET_FLASH NET_SPACE
#endif
