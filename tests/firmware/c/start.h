/* What the C firmware needs of its machine. */
#ifndef START_H
#define START_H

#include <stdint.h>

/* Writes a text. */
void text(const char *line);

/* Writes a number. */
void number(uint32_t value);

/* Writes "name value". */
void line(const char *name, uint32_t value);

/* Ends the emulator, with the status of a process. */
void quit(int good);

/* Instructions that some work takes, without the call; as many as fit a timer of 24 bits. */
uint32_t instructions(void (*work)(void));

/* Bytes of stack that some work takes, at most 6 KiB. */
uint32_t stack_of(void (*work)(void));

#endif
