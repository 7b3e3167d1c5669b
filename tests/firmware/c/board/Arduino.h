// What the sketch of a package needs of a board.
#pragma once

#include <stddef.h>
#include <stdint.h>

extern "C" {
#include "start.h"
}

struct Port {
    void begin(long) {}
    operator bool() const { return true; }
    void print(const char *words) { text(words); }
    void print(long number)
    {
        text(number < 0 ? "-" : "");
        digits(number < 0 ? 0ul - static_cast<unsigned long>(number) : static_cast<unsigned long>(number));
    }
    void println(const char *words)
    {
        text(words);
        text("\n");
    }
    void println(unsigned long number)
    {
        digits(number);
        text("\n");
    }

private:
    void digits(unsigned long number)
    {
        char all[12];
        char *at = all + sizeof all - 1;
        *at = 0;
        do {
            *--at = static_cast<char>('0' + number % 10);
            number /= 10;
        } while (number > 0);
        text(at);
    }
};

static Port Serial;

static inline void delay(unsigned long) {}
