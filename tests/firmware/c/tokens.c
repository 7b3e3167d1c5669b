/* A net of tokens as C of its own: its embeddings lie where its weights do. */
#include "start.h"
#include "net.h"

static net_state state;
static uint32_t x[NET_INPUTS];
static float y[NET_OUTPUTS];

static void step(void)
{
    net_step(&state, x, y);
}

int main(void)
{
    const size_t wrong = net_self_test(&state, y);
    text(wrong == 0 ? "golden ok\n" : "golden FAILED\n");
    line("instructions", instructions(step));
    line("stack", stack_of(step));
    line("ram", sizeof state);
    return wrong == 0 ? 0 : 1;
}
