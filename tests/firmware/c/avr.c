/*
 * Start-up and output for the C firmware on an ATmega328P in simavr: text goes out through the serial port, and what is counted are
 * cycles, by timer 1: eight at a time, or 64 at a time where work takes longer than half a million.
 */
#include "start.h"
#include "print.h"

#include <avr/interrupt.h>
#include <avr/io.h>
#include <avr/sleep.h>

/* The main function of the firmware, under another name. */
int firmware(void);

int main(void)
{
    quit(firmware() == 0);
    return 0;
}

void quit(int good)
{
    text(good ? "status ok\n" : "status FAILED\n");
    /* A sleep from which nothing wakes: simavr ends here. */
    cli();
    sleep_enable();
    for (;;) {
        sleep_cpu();
    }
}

void text(const char *line)
{
    UCSR0B = 1 << TXEN0;
    for (; *line != 0; line++) {
        while ((UCSR0A & (1 << UDRE0)) == 0) {
        }
        UDR0 = (uint8_t)*line;
    }
}

static __attribute__((noinline)) void nothing(void)
{
    __asm__ volatile("");
}

static uint16_t ticks(void (*work)(void), uint8_t clock)
{
    uint16_t taken;
    TCCR1A = 0;
    TCCR1B = 0;
    TCNT1 = 0;
    TIFR1 = 1 << TOV1;
    TCCR1B = clock;
    work();
    taken = TCNT1;
    TCCR1B = 0;
    return taken;
}

uint32_t instructions(void (*work)(void))
{
    const uint8_t by_8 = 1 << CS11, by_64 = 1 << CS11 | 1 << CS10;
    const uint16_t taken = ticks(work, by_8);
    if ((TIFR1 & (1 << TOV1)) == 0) {
        return 8ul * (uint16_t)(taken - ticks(nothing, by_8));
    }
    return 64ul * (uint16_t)(ticks(work, by_64) - ticks(nothing, by_64));
}

uint32_t stack_of(void (*work)(void))
{
    extern uint8_t __heap_start;
    uint8_t *const top = (uint8_t *)SP - 32;
    uint8_t *at;
    for (at = &__heap_start; at < top; at++) {
        *at = 0xA5;
    }
    work();
    for (at = &__heap_start; at < top && *at == 0xA5; at++) {
    }
    return (uint32_t)(uint16_t)((uint8_t *)SP - at);
}
