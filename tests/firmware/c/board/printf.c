/* As much of printf as the example of a package needs: %s, %ld, %lu. */
#include "start.h"

#include <stdarg.h>
#include <stdio.h>

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
            number((uint32_t)va_arg(arguments, unsigned long));
        } else {
            const long value = va_arg(arguments, long);
            text(value < 0 ? "-" : "");
            number((uint32_t)(value < 0 ? 0ul - (unsigned long)value : (unsigned long)value));
        }
    }
    va_end(arguments);
    return 0;
}
