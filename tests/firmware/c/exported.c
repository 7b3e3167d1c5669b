/*
 * The net as C of its own: what elman export --format c wrote, and nothing else of elman. Counts are means of steps of random inputs; of
 * a net that reads both ways of the steps of a sequence.
 */
#include "start.h"
#include "net.h"

#define STEPS 16

#ifdef NET_WORK
static float state[NET_WORK(STEPS)], x[STEPS * NET_INPUTS], y[NET_ROWS(STEPS) * NET_OUTPUTS];
static void step(void)
{
    net_run(x, STEPS, state, y);
}
#define SELF_TEST net_self_test(state, y)
#define MEAN(work) (mean_of(work, 1) / STEPS)
#else
static net_state state;
static float x[NET_INPUTS], y[NET_OUTPUTS];
static void step(void)
{
    net_step(&state, x, y);
}
#define SELF_TEST net_self_test(&state, y)
#define MEAN(work) mean_of(work, STEPS)
#endif

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

static void shake(void)
{
    size_t i;
    for (i = 0; i < sizeof x / sizeof *x; i++) {
        x[i] = random_number();
    }
}

static uint32_t mean_of(void (*work)(void), uint32_t times)
{
    uint32_t sum = 0, i;
    for (i = 0; i < times; i++) {
        shake();
        sum += instructions(work);
    }
    return (sum + times / 2) / times;
}

int main(void)
{
    const size_t wrong = SELF_TEST;
    text(wrong == 0 ? "golden ok\n" : "golden FAILED\n");
    line("instructions", MEAN(step));
    line("stack", stack_of(step));
    line("ram", sizeof state);
    return wrong == 0 ? 0 : 1;
}
