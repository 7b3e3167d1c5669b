/* An int8 net in an image, by elman-core through its C interface: a step in whole numbers, and what a raw sample takes beside it. */
#include "elman.h"
#include "start.h"

extern const unsigned char image[], image_end[];

#define STATE 128
#define SCRATCH 16
#define INPUTS 32
#define OUTPUTS 16
#define COLUMNS 8
#define ROOM 96

static elman_net net;
static elman_sizes sizes;
static float state[STATE], y[OUTPUTS], room[ROOM];
static int16_t x[INPUTS], raw[COLUMNS];
static int32_t logits[OUTPUTS];
static elman_strip scratch[SCRATCH];
static elman_event event;
static int failed;

static void step(void)
{
    failed |= elman_step_i16(&net, x, sizes.inputs, logits, sizes.outputs);
}

static void feed(void)
{
    failed |= elman_feed_i16(&net, raw, sizes.columns, &event);
}

/* From raw samples to events, golden ones first. */
static void fed(void)
{
    size_t i;
    failed |= elman_open(&net, image, (size_t)(image_end - image));
    failed |= elman_feed_self_test(&net, state, sizes.state, scratch, sizes.scratch, room, sizes.room, NULL);
    failed |= elman_feed_start(&net, state, sizes.state, scratch, sizes.scratch, room, sizes.room);
    for (i = 0; i < sizes.columns; i++) {
        raw[i] = (int16_t)(i % 5) - 2;
    }
    feed();
    failed |= event.fires < 0;
    line("feed", instructions(feed));
    line("feed_stack", stack_of(feed));
    line("room", sizes.room * sizeof *room);
}

int main(void)
{
    size_t i;
    failed = elman_open(&net, image, (size_t)(image_end - image));
    failed |= elman_get_sizes(&net, &sizes);
    if (failed || !sizes.is_int8 || sizes.state > STATE || sizes.scratch > SCRATCH || sizes.inputs > INPUTS ||
        sizes.outputs > OUTPUTS || sizes.columns > COLUMNS || sizes.room > ROOM) {
        return 1;
    }
    failed |= elman_self_test(&net, state, sizes.state, scratch, sizes.scratch, y, sizes.outputs, NULL);
    failed |= elman_start(&net, state, sizes.state, scratch, sizes.scratch);
    for (i = 0; i < INPUTS; i++) {
        x[i] = (int16_t)(4000 * (int)(i % 5) - 8000);
    }
    step();
    line("instructions", instructions(step));
    line("stack", stack_of(step));
    line("ram", sizeof net + sizes.state * sizeof *state + sizes.scratch * sizeof *scratch);
    if (sizes.columns > 0) {
        fed();
    }
    text(failed ? "golden FAILED\n" : "golden ok\n");
    return failed;
}
