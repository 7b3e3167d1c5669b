/* The net as an image in flash, run by elman-core through its C interface: steps, raw samples and events, a head that learns. */
#include "elman.h"
#include "start.h"

#include <string.h>

extern const unsigned char image[], image_end[];

/* Room for each of the nets; elman_get_sizes tells how much of it this one takes. */
#define STATE 32
#define SCRATCH 8
#define INPUTS 36
#define OUTPUTS 9
#define COLUMNS 12
#define ROOM 126
#define HEAD 297
#define HEAD_STRIPS 33
#define MEMORY 1197

/* Recordings that are learnt from, and their samples. */
#define RECORDINGS 12
#define SAMPLES 8

static elman_net net;
static elman_sizes sizes;
static float state[STATE], x[INPUTS], y[OUTPUTS], raw[COLUMNS], room[ROOM], memory[MEMORY], weights[HEAD];
static elman_strip scratch[SCRATCH], strips[HEAD_STRIPS];
static elman_event event;
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

static void feed(void)
{
    failed |= elman_feed(&net, raw, COLUMNS, &event);
}

static void feed_unread(void)
{
    failed |= elman_feed(&net, raw, COLUMNS, NULL);
}

static void learn(void)
{
    failed |= elman_learn(&net, 1, 1, NULL);
}

static void update(void)
{
    failed |= elman_update(&net, 0.01f, 1.0f);
}

/* A hash of memory, of which every bit counts. */
static uint32_t hash(uint32_t before, const void *memory_of, size_t len)
{
    const unsigned char *bytes = memory_of;
    size_t i;
    for (i = 0; i < len; i++) {
        before = (before ^ bytes[i]) * 16777619u;
    }
    return before;
}

/* The steps, golden vectors first. */
static void stepped(size_t len)
{
    size_t wrong = 0;
    check("open", elman_open(&net, image, len));
    check("sizes", elman_get_sizes(&net, &sizes));
    check("room", sizes.state <= STATE && sizes.scratch <= SCRATCH && sizes.room <= ROOM && sizes.head <= HEAD &&
                          sizes.head_strips <= HEAD_STRIPS && sizes.memory <= MEMORY
                      ? ELMAN_OK
                      : ELMAN_LENGTH);
    check("golden", elman_self_test(&net, state, sizes.state, scratch, sizes.scratch, y, OUTPUTS, &wrong));
    check("start", elman_start(&net, state, sizes.state, scratch, sizes.scratch));
    step();
    line("instructions", instructions(step));
    line("stack", stack_of(step));
    line("ram", sizeof net + sizes.state * sizeof *state + sizes.scratch * sizeof *scratch);
    check("reset", elman_reset(&net));
}

/* The same from raw samples to events. */
static void fed(size_t len)
{
    size_t wrong = 0, i;
    check("open", elman_open(&net, image, len));
    check("golden samples",
          elman_feed_self_test(&net, state, sizes.state, scratch, sizes.scratch, room, sizes.room, &wrong));
    check("feed start", elman_feed_start(&net, state, sizes.state, scratch, sizes.scratch, room, sizes.room));
    for (i = 0; i < COLUMNS; i++) {
        float scale[4];
        check("scale", elman_get_scale(&net, i, scale));
        raw[i] = scale[0];
    }
    /* Until the state rests. */
    for (i = 0; i < 32; i++) {
        feed();
    }
    line("feed", instructions(feed));
    line("feed unread", instructions(feed_unread));
    line("feed stack", stack_of(feed));
    line("feed ram", sizeof net + (sizes.state + sizes.room) * sizeof *state + sizes.scratch * sizeof *scratch);
}

/* A head that learns recordings that were made up; what it ends with is that of the desktop. */
static void learnt(void)
{
    uint32_t bits = 2166136261u;
    size_t recording, sample, i;
    check("learn start", elman_learn_start(&net, strips, sizes.head_strips, memory, sizes.memory));
    for (recording = 0; recording < RECORDINGS; recording++) {
        double loss = 0.0;
        failed |= elman_reset(&net);
        for (sample = 0; sample < SAMPLES; sample++) {
            for (i = 0; i < COLUMNS; i++) {
                raw[i] = (float)((recording * 7 + sample * (i + 3)) % 16) * 0.125f - 1.0f;
            }
            feed_unread();
        }
        failed |= elman_feed_end(&net, recording % 2 == 0 ? NULL : &event);
        failed |= elman_learn(&net, (uint32_t)(recording % OUTPUTS), 1, &loss);
        failed |= elman_update(&net, 0.02f, 1.0f);
        bits = hash(bits, &loss, sizeof loss);
    }
    check("head", elman_get_head(&net, weights, sizes.head));
    bits = hash(bits, weights, sizes.head * sizeof *weights);
    bits = hash(bits, &event.probability, sizeof event.probability);
    line("learnt", bits);
    line("learn", instructions(learn));
    line("update", instructions(update));
    line("learn stack", stack_of(learn));
    failed |= elman_learn(&net, 1, 1, NULL);
    line("update stack", stack_of(update));
    line("learn ram", (sizes.memory + sizes.head_strips * 16) * sizeof *memory);
    check("head again", elman_set_head(&net, weights, sizes.head));
    feed();
}

int main(void)
{
    const size_t len = (size_t)(image_end - image);
    check("refused", elman_open(&net, image, len - 1) == ELMAN_IMAGE ? ELMAN_OK : ELMAN_IMAGE);
    stepped(len);
    fed(len);
    learnt();
    return failed;
}
