/* The net as an image in flash, run by elman-core through its C interface. */
#include "elman.h"
#include "start.h"

extern const unsigned char image[], image_end[];

/* Room for each of the nets; elman_get_sizes tells how much of it this one takes. */
#define STATE 32
#define SCRATCH 8
#define INPUTS 36
#define OUTPUTS 9

static elman_net net;
static elman_sizes sizes;
static float state[STATE], x[INPUTS], y[OUTPUTS];
static elman_strip scratch[SCRATCH];
static int failed;

static void check(const char *what, int code)
{
    text(what);
    text(code == ELMAN_OK ? " ok\n" : " FAILED: ");
    if (code != ELMAN_OK) {
        text(elman_message(code));
        text("\n");
        failed = 1;
    }
}

static void step(void)
{
    failed |= elman_step(&net, x, INPUTS, y, OUTPUTS);
}

int main(void)
{
    const size_t len = (size_t)(image_end - image);
    size_t wrong = 0;
    check("refused", elman_open(&net, image, len - 1) == ELMAN_IMAGE ? ELMAN_OK : ELMAN_IMAGE);
    check("open", elman_open(&net, image, len));
    check("sizes", elman_get_sizes(&net, &sizes));
    check("room", sizes.state <= STATE && sizes.scratch <= SCRATCH ? ELMAN_OK : ELMAN_LENGTH);
    check("golden", elman_self_test(&net, state, sizes.state, scratch, sizes.scratch, y, OUTPUTS, &wrong));
    check("start", elman_start(&net, state, sizes.state, scratch, sizes.scratch));
    step();
    line("instructions", instructions(step));
    line("stack", stack_of(step));
    line("ram", sizeof net + sizes.state * sizeof *state + sizes.scratch * sizeof *scratch);
    check("reset", elman_reset(&net));
    return failed;
}
