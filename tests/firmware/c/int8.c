/* The net in whole numbers: what elman export --format c --int8 wrote, and nothing else of elman. */
#include "start.h"
#include "net.h"

static net_state state;
static int16_t x[NET_INPUTS];
static int32_t y[NET_OUTPUTS];

static void step(void)
{
    net_step(&state, x, y);
}

int main(void)
{
    const size_t wrong = net_self_test(&state, y);
    uint32_t random = 1, sum = 0;
    int t, i;
    text(wrong == 0 ? "golden ok\n" : "golden FAILED\n");
    for (t = 0; t < 16; t++) {
        for (i = 0; i < NET_INPUTS; i++) {
            random = random * 1664525u + 1013904223u;
            x[i] = (int16_t)(int32_t)((random >> 17) - 0x4000u);
        }
        sum += instructions(step);
    }
    line("instructions", sum / 16u);
    line("stack", stack_of(step));
    line("ram", sizeof state);
    return wrong == 0 ? 0 : 1;
}
