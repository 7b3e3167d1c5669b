/*
 * Start-up and output for the C firmware, on QEMU's mps2-an386 (Cortex-M4F), mps2-an385 (Cortex-M3), mps3-an547 (Cortex-M55 and M33)
 * and microbit (Cortex-M0): a vector table, the FPU, semihosting, an exact count of instructions (SysTick follows the clock, which
 * -icount advances by a power of two of nanoseconds per instruction), and how deep the stack goes.
 */
#define OWN_WORDS 16
#include "print.h"
#include "stack.h"
#include "start.h"

#include <stdint.h>
#include <string.h>

extern uint32_t stack_top[], data_start[], data_end[], data_source[], bss_start[], bss_end[];

int main(void);
void reset(void);

#define SYST_CSR (*(volatile uint32_t *)0xE000E010u)
#define SYST_RVR (*(volatile uint32_t *)0xE000E014u)
#define SYST_CVR (*(volatile uint32_t *)0xE000E018u)
#define CPACR (*(volatile uint32_t *)0xE000ED88u)

static int semihost(int operation, const void *argument)
{
    register int r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = argument;
    __asm__ volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

void quit(int good)
{
    /* SYS_EXIT_EXTENDED with ADP_Stopped_ApplicationExit and a status. */
    uint32_t block[2] = {0x20026u, good ? 0u : 1u};
    text(good ? "status ok\n" : "status FAILED\n");
    semihost(0x20, block);
    for (;;) {
    }
}

void text(const char *line)
{
    semihost(0x04, line);
}

static void fault(void)
{
    quit(0);
}

void reset(void)
{
#ifdef __ARM_FP
    CPACR |= 0xFu << 20;
    __asm__ volatile("dsb\nisb");
#endif
    memcpy(data_start, data_source, (size_t)((char *)data_end - (char *)data_start));
    memset(bss_start, 0, (size_t)((char *)bss_end - (char *)bss_start));
    SYST_RVR = 0xFFFFFFu;
    SYST_CVR = 0;
    SYST_CSR = 5;
    quit(main() == 0);
}

static __attribute__((noinline)) void nothing(void)
{
    __asm__ volatile("");
}

static uint32_t ticks(void (*work)(void))
{
    const uint32_t before = SYST_CVR;
    work();
    return (before - SYST_CVR) & 0xFFFFFFu;
}

/* SysTick runs at 25 MHz here, at 32 MHz beside an Armv8-M core, at 16 MHz on the microbit. */
#if defined(__ARM_ARCH_8M_MAIN__) || defined(__ARM_ARCH_8_1M_MAIN__)
#define MEGAHERTZ 32u
#elif defined(__ARM_ARCH_6M__)
#define MEGAHERTZ 16u
#else
#define MEGAHERTZ 25u
#endif

/* What an instruction takes. */
#ifndef NANOSECONDS
#define NANOSECONDS 256u
#endif

uint32_t instructions(void (*work)(void))
{
    const uint64_t taken = ticks(work) - ticks(nothing);
    const uint64_t per_thousand = MEGAHERTZ * NANOSECONDS;
    return (uint32_t)((taken * 1000u + per_thousand / 2u) / per_thousand);
}

__attribute__((section(".vectors"), used)) void *const vectors[16] = {
    stack_top,     (void *)reset, (void *)fault, (void *)fault, (void *)fault, (void *)fault,
    (void *)fault, 0,             0,             0,             0,             (void *)fault,
    (void *)fault, 0,             (void *)fault, (void *)fault,
};
