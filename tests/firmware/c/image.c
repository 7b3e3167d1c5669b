/* A step of a net in an image, by elman-core through its C interface: what it takes, and nothing else. */
#include "elman.h"
#include "start.h"

extern const unsigned char image[], image_end[];

#define STATE 128
#define SCRATCH 16
#define INPUTS 32
#define OUTPUTS 16

static elman_net net;
static elman_sizes sizes;
static float state[STATE], x[INPUTS], y[OUTPUTS];
static elman_strip scratch[SCRATCH];
static int failed;

static void step(void)
{
    failed |= elman_step(&net, x, sizes.inputs, y, sizes.outputs);
}

int main(void)
{
    size_t i;
    failed = elman_open(&net, image, (size_t)(image_end - image));
    failed |= elman_get_sizes(&net, &sizes);
    if (failed || sizes.state > STATE || sizes.scratch > SCRATCH || sizes.inputs > INPUTS || sizes.outputs > OUTPUTS) {
        return 1;
    }
    failed |= elman_self_test(&net, state, sizes.state, scratch, sizes.scratch, y, sizes.outputs, NULL);
    failed |= elman_start(&net, state, sizes.state, scratch, sizes.scratch);
    for (i = 0; i < INPUTS; i++) {
        x[i] = (float)(int)(i % 5) - 2.0f;
    }
    step();
    text(failed ? "golden FAILED\n" : "golden ok\n");
    line("instructions", instructions(step));
    line("stack", stack_of(step));
    line("ram", sizeof net + sizes.state * sizeof *state + sizes.scratch * sizeof *scratch);
    return failed;
}
