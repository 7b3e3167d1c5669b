/* The net as C of its own: what elman export --format c wrote, and nothing else of elman. */
#include "start.h"
#include "vowels.h"

static vowels_state net;
static float x[VOWELS_INPUTS], y[VOWELS_OUTPUTS];

static void step(void)
{
    vowels_step(&net, x, y);
}

int main(void)
{
    const size_t wrong = vowels_self_test(&net, y);
    text(wrong == 0 ? "golden ok\n" : "golden FAILED\n");
    vowels_step(&net, x, y); /* so that what is measured is a step in the middle */
    line("instructions", instructions(step));
    line("stack", stack_of(step));
    line("ram", sizeof net);
    return wrong == 0 ? 0 : 1;
}
