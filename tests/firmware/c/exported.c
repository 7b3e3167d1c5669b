/* The net as C of its own: what elman export --format c wrote, and nothing else of elman. Counts are means of steps of random inputs. */
#include "start.h"
#include "net.h"

#define STEPS 16

static net_state state;
static float x[NET_INPUTS], y[NET_OUTPUTS];

static void step(void)
{
    net_step(&state, x, y);
}

/* Twelve numbers from 0 to 1 less 6, which are nearly normal. */
static float random_number(void)
{
    static uint32_t seed = 1;
    float sum = -6.0f;
    int i;
    for (i = 0; i < 12; i++) {
        seed = seed * 1664525u + 1013904223u;
        sum += (float)(seed >> 8) / 16777216.0f;
    }
    return sum;
}

static void shake(float *numbers, size_t len)
{
    size_t i;
    for (i = 0; i < len; i++) {
        numbers[i] = random_number();
    }
}

static uint32_t mean_of(void (*work)(void), float *numbers, size_t len)
{
    uint32_t sum = 0;
    int i;
    for (i = 0; i < STEPS; i++) {
        shake(numbers, len);
        sum += instructions(work);
    }
    return (sum + STEPS / 2) / STEPS;
}

int main(void)
{
    const size_t wrong = net_self_test(&state, y);
    text(wrong == 0 ? "golden ok\n" : "golden FAILED\n");
    line("instructions", mean_of(step, x, NET_INPUTS));
    line("stack", stack_of(step));
    line("ram", sizeof state);
    return wrong == 0 ? 0 : 1;
}
