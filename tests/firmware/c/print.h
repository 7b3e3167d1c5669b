/* Numbers as text. Part of every start-up file, which brings `text`: to be included there and nowhere else. */
#ifndef PRINT_H
#define PRINT_H

#include "start.h"

void number(uint32_t value)
{
    char digits[11];
    char *at = digits + sizeof digits - 1;
    *at = 0;
    do {
        *--at = (char)('0' + value % 10u);
        value /= 10u;
    } while (value > 0);
    text(at);
}

void line(const char *name, uint32_t value)
{
    text(name);
    text(" ");
    number(value);
    text("\n");
}

#endif
