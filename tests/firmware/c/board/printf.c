/* As much of printf as the example of a package needs: %s, %ld, %lu. */
#include "start.h"

#include <stdarg.h>
#include <stdio.h>

static void digits(unsigned long number)
{
    char all[12];
    char *at = all + sizeof all - 1;
    *at = 0;
    do {
        *--at = (char)('0' + number % 10u);
        number /= 10u;
    } while (number > 0);
    text(at);
}

int printf(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    for (; *format != 0; format++) {
        char letter[2] = {*format, 0};
        if (*format != '%') {
            text(letter);
        } else if (*++format == 's') {
            text(va_arg(arguments, const char *));
        } else if (*++format == 'u') {
            digits(va_arg(arguments, unsigned long));
        } else {
            const long number = va_arg(arguments, long);
            text(number < 0 ? "-" : "");
            digits(number < 0 ? 0ul - (unsigned long)number : (unsigned long)number);
        }
    }
    va_end(arguments);
    return 0;
}
