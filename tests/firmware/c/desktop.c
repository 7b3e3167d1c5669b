/* What the C firmware needs of its machine, on the desktop: for the bits, not for counts. */
#include "start.h"

#include <stdio.h>

#include "print.h"

void text(const char *line)
{
    fputs(line, stdout);
}

uint32_t instructions(void (*work)(void))
{
    work();
    return 0;
}

uint32_t stack_of(void (*work)(void))
{
    work();
    return 0;
}
