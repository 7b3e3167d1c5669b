/* A vector table before newlib's own start-up, for programs that print through semihosting. */
#include <stdint.h>
#include <string.h>

extern char stack_top[], data_start[], data_end[], data_source[];

void _start(void);
void reset(void);

void reset(void)
{
#ifdef __ARM_FP
    *(volatile uint32_t *)0xE000ED88u |= 0xFu << 20;
    __asm__ volatile("dsb\nisb");
#endif
    memcpy(data_start, data_source, (size_t)(data_end - data_start));
    _start();
}

static void fault(void)
{
    /* SYS_EXIT with a cause that is no success. */
    register int r0 __asm__("r0") = 0x18;
    register int r1 __asm__("r1") = 0x20023;
    __asm__ volatile("bkpt 0xAB" : : "r"(r0), "r"(r1));
    for (;;) {
    }
}

__attribute__((section(".vectors"), used)) void *const vectors[7] = {
    stack_top, (void *)reset, (void *)fault, (void *)fault, (void *)fault, (void *)fault, (void *)fault,
};
