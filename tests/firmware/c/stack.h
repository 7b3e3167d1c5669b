/*
 * How deep the stack goes, on machines of 32 bits. Part of their start-up files, which say how many words a call of `stack_of` takes
 * for itself: to be included there and nowhere else.
 */
#ifndef STACK_H
#define STACK_H

#include "start.h"

#define PAINT 0xA55A5AA5u
#define WORDS 1536

__attribute__((noinline)) uint32_t stack_of(void (*work)(void))
{
    volatile uint32_t *const top = (volatile uint32_t *)__builtin_frame_address(0);
    uint32_t i;
    /* Below this frame's own few words lies nothing that is used: there are no interrupts. */
    for (i = OWN_WORDS; i < WORDS; i++) {
        top[-(int)i] = PAINT;
    }
    work();
    for (i = WORDS - 1; i > OWN_WORDS && top[-(int)i] == PAINT; i--) {
    }
    return 4u * i;
}

#endif
