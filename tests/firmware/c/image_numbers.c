/* A net that forecasts, of either kind, in an image: what a raw sample takes, the net in it. */
#include "elman.h"
#include "start.h"

extern const unsigned char image[], image_end[];

#define STATE 32
#define SCRATCH 8
#define OUTPUTS 1
#define COLUMNS 2
#define ROOM 128

static elman_net net;
static elman_sizes sizes;
static float state[STATE], y[OUTPUTS], room[ROOM], raw[COLUMNS], answer[OUTPUTS];
static elman_strip scratch[SCRATCH];
static int32_t answered;
static int failed;

static void feed(void)
{
    failed |= elman_answer(&net, raw, sizes.columns, answer, sizes.answers, &answered);
}

int main(void)
{
    float bounds[2];
    int i;
    failed = elman_open(&net, image, (size_t)(image_end - image));
    failed |= elman_get_sizes(&net, &sizes);
    if (failed || sizes.answers != OUTPUTS || sizes.golden_samples == 0 || sizes.state > STATE || sizes.scratch > SCRATCH ||
        sizes.columns > COLUMNS || sizes.room > ROOM) {
        return 1;
    }
    failed |= elman_self_test(&net, state, sizes.state, scratch, sizes.scratch, y, sizes.outputs, NULL);
    failed |= elman_answer_self_test(&net, state, sizes.state, scratch, sizes.scratch, room, sizes.room, NULL);
    failed |= elman_answer_start(&net, state, sizes.state, scratch, sizes.scratch, room, sizes.room);
    for (i = 0; i < 64; i++) {
        raw[0] = (float)(i * i % 17);
        feed();
    }
    failed |= !answered;
    failed |= elman_bounds(&net, 0, 90, bounds);
    failed |= !(bounds[0] <= answer[0] && answer[0] <= bounds[1]);
    line("instructions", instructions(feed));
    line("stack", stack_of(feed));
    line("ram", sizeof net + sizes.state * sizeof *state + sizes.scratch * sizeof *scratch + sizes.room * sizeof *room);
    text(failed ? "golden FAILED\n" : "golden ok\n");
    return failed;
}
