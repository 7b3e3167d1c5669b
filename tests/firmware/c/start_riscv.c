/*
 * Start-up and output for the C firmware on QEMU's RISC-V machine `virt`, without a C library: the FPU, the serial line, an exact
 * count of instructions (minstret, which -icount shift=0 advances by one for each), how deep the stack goes, and the three functions
 * of <string.h> that an exported net may call.
 */
#define OWN_WORDS 32
#include "print.h"
#include "stack.h"
#include "start.h"

#include <stddef.h>

extern uint32_t stack_top[], bss_start[], bss_end[];

int main(void);
void reset(void);

#define UART (*(volatile unsigned char *)0x10000000u)
#define FINISHER (*(volatile uint32_t *)0x00100000u)

/* Byte by byte, and volatile, so that no compiler makes a call of itself of it. */
void *memcpy(void *to, const void *from, size_t len)
{
    volatile unsigned char *out = to;
    const unsigned char *in = from;
    while (len-- > 0) {
        *out++ = *in++;
    }
    return to;
}

void *memset(void *to, int byte, size_t len)
{
    volatile unsigned char *out = to;
    while (len-- > 0) {
        *out++ = (unsigned char)byte;
    }
    return to;
}

int memcmp(const void *one, const void *other, size_t len)
{
    const unsigned char *a = one, *b = other;
    for (; len > 0; len--, a++, b++) {
        if (*a != *b) {
            return *a < *b ? -1 : 1;
        }
    }
    return 0;
}

void text(const char *line)
{
    while (*line != 0) {
        UART = (unsigned char)*line++;
    }
}

void quit(int good)
{
    text(good ? "status ok\n" : "status FAILED\n");
    /* SiFive's test device: passed, or failed with the status 1. */
    FINISHER = good ? 0x5555u : 0x13333u;
    for (;;) {
    }
}

static uint32_t retired(void)
{
    uint32_t count;
    __asm__ volatile("csrr %0, minstret" : "=r"(count) : : "memory");
    return count;
}

static __attribute__((noinline)) void nothing(void)
{
    __asm__ volatile("");
}

uint32_t instructions(void (*work)(void))
{
    uint32_t start = retired(), empty;
    nothing();
    empty = retired() - start;
    start = retired();
    work();
    return retired() - start - empty;
}

__attribute__((used)) static void trap(void)
{
    quit(0);
}

__attribute__((used)) static void run(void)
{
    memset(bss_start, 0, (size_t)((char *)bss_end - (char *)bss_start));
    quit(main() == 0);
}

__attribute__((naked, section(".reset"))) void reset(void)
{
    __asm__ volatile("la sp, stack_top\n"
                     "la t0, trap\n"
                     "csrw mtvec, t0\n"
                     "li t0, 0x6000\n" /* mstatus.FS: the FPU is on */
                     "csrs mstatus, t0\n"
                     "call run\n");
}
