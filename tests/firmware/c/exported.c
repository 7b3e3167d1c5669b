/* The net as C of its own: what elman export --format c wrote, and nothing else of elman. */
#include "start.h"
#include "net.h"

static net_state state;
static float x[NET_INPUTS], y[NET_OUTPUTS];

static void step(void)
{
    net_step(&state, x, y);
}

int main(void)
{
    const size_t wrong = net_self_test(&state, y);
    text(wrong == 0 ? "golden ok\n" : "golden FAILED\n");
    net_step(&state, x, y); /* so that what is measured is a step in the middle */
    line("instructions", instructions(step));
    line("stack", stack_of(step));
    line("ram", sizeof state);
    return wrong == 0 ? 0 : 1;
}
