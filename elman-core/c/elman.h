/*
 * The C interface of elman-core: a trained net, opened in place from an image in flash, and fed: numbers or ids step by step, or raw
 * samples, out of which come events or numbers. Its head can learn where it is used.
 *
 *     extern const unsigned char image[], image_end[];     (image.s, around the file that elman export --format image writes:
 *                                                               .section .rodata.image, "a"
 *                                                               .balign 64
 *                                                               .global image, image_end
 *                                                               image: .incbin "net.image"
 *                                                               image_end:                                              )
 *     static elman_net net;
 *     static float state[STATE], y[OUTPUTS];
 *     static elman_strip scratch[SCRATCH];
 *
 *     elman_open(&net, image, image_end - image);
 *     elman_self_test(&net, state, STATE, scratch, SCRATCH, y, OUTPUTS, NULL);
 *     elman_start(&net, state, STATE, scratch, SCRATCH);
 *     for (;;) elman_step(&net, x, INPUTS, y, OUTPUTS);
 *
 * A net that streams classes of measurements takes raw samples as sensors have them:
 *
 *     static float room[ROOM];
 *     elman_event event;
 *
 *     elman_feed_self_test(&net, state, STATE, scratch, SCRATCH, room, ROOM, NULL);
 *     elman_feed_start(&net, state, STATE, scratch, SCRATCH, room, ROOM);
 *     for (;;) if (elman_feed(&net, raw, COLUMNS, &event) == ELMAN_OK && event.fires == 1) { ... event.label ... }
 *
 * One that forecasts or regresses takes raw samples as well, and answers in the units of the data:
 *
 *     int32_t answered;
 *
 *     elman_answer_self_test(&net, state, STATE, scratch, SCRATCH, room, ROOM, NULL);
 *     elman_answer_start(&net, state, STATE, scratch, SCRATCH, room, ROOM);
 *     for (;;) if (elman_answer(&net, raw, COLUMNS, y, OUTPUTS, &answered) == ELMAN_OK && answered) { ... y[0] ... }
 *
 * An image of an int8 net (elman export --format image --int8) is used by the same functions: between raw samples and events, or between
 * elman_step_i16's whole numbers and logits, no float is computed with. Its buffers (but for the room of elman_answer_start) hold whole
 * numbers, as many bits as the floats that C declares. elman_step and elman_step_ids take and give floats there as well. It does not learn.
 *
 * STATE, SCRATCH, INPUTS, OUTPUTS, COLUMNS and ROOM count items: floats, ids, strips. elman export prints them, elman_get_sizes tells them.
 * Every function checks pointers for null and alignment, and lengths, and returns ELMAN_OK or what was wrong. What it cannot check: pointers
 * must lead to as much memory as the lengths say, inputs and outputs of a call to memory that does not overlap; a net must be zero (as
 * statics are) or have been opened; image and buffers must stay where they are, used by nobody else, while the net is. One net, one thread
 * at a time.
 */
#ifndef ELMAN_H
#define ELMAN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Puts a static on a cache line of its own, as images and strips must be. */
#if defined(__GNUC__) || defined(__clang__)
#define ELMAN_ALIGNED __attribute__((aligned(64)))
#elif defined(__cplusplus) && __cplusplus >= 201103L
#define ELMAN_ALIGNED alignas(64)
#else
#define ELMAN_ALIGNED _Alignas(64)
#endif

/* What functions return. */
#define ELMAN_OK 0
#define ELMAN_POINTER 1   /* a pointer is null, or not aligned for what it leads to */
#define ELMAN_LENGTH 2    /* a buffer has the wrong length, or there is no such label, column or target */
#define ELMAN_ALIGNMENT 3 /* the image does not begin on a 64-byte boundary */
#define ELMAN_IMAGE 4     /* no image, a damaged one, of a version that this library does not know, or of a cell or of numbers that this build leaves out */
#define ELMAN_STAGE 5     /* the net was not opened yet, not started yet, or is running already */
#define ELMAN_KIND 6      /* the net reads ids and got numbers, or learns classes and got numbers, or the other way round; or it is no int8 net, or tells no events, or does not answer */
#define ELMAN_TOKEN 7     /* an id beyond the vocabulary; the state stays as it was */
#define ELMAN_BOTH_WAYS 8 /* a net that reads both ways cannot be fed step by step */
#define ELMAN_MISMATCH 9  /* the self-test found a wrong output */
#define ELMAN_NO_FEED 10  /* the image does not say how raw samples become events (elman_feed) or numbers (elman_answer) */
#define ELMAN_NO_SAMPLES 11 /* the image has no golden samples: it was exported by an older elman */
#define ELMAN_NO_HEAD 12  /* the net has no head that could learn: none at all, or one of whole numbers */
#define ELMAN_TARGET 13   /* a class that the net has no output for */
#define ELMAN_NOT_FINITE 14 /* a number is not finite: nothing was learnt from it */

/* Room for a net: its shape, and where everything lies. */
#define ELMAN_NET_WORDS 128
typedef struct {
    size_t words[ELMAN_NET_WORDS];
} elman_net;

/* Sixteen numbers on a cache line: the unit of scratch. */
typedef struct {
    ELMAN_ALIGNED float numbers[16];
} elman_strip;

/* What a net needs. */
typedef struct {
    size_t inputs;            /* numbers per step; for nets of tokens ids (window, channels) */
    size_t outputs;           /* numbers per output row */
    size_t reads_ids;         /* 1: elman_step_ids; 0: elman_step */
    size_t streams;           /* 1: can be fed step by step; 0: reads both ways */
    size_t state;             /* floats */
    size_t scratch;           /* strips, for elman_self_test and elman_start */
    size_t golden_steps;      /* steps of the self-test */
    size_t columns;           /* numbers of a raw sample; 0 where elman_feed and elman_answer have nothing to go by */
    size_t delay;             /* so many samples late a step is done, since it reads as many that come after it */
    size_t room;              /* floats, for elman_feed_start or elman_answer_start, and their self-tests */
    size_t golden_samples;    /* samples of elman_feed_self_test or elman_answer_self_test */
    size_t head;              /* weights of the head, floats; 0 where it cannot learn */
    size_t head_strips;       /* strips, for elman_learn_start */
    size_t memory;            /* floats, for elman_learn_start */
    size_t is_int8;           /* 1: the net computes in whole numbers (elman export --int8); 0: in floats */
    size_t answers;           /* numbers of elman_answer; 0 where raw samples become events, or nothing */
} elman_sizes;

/* What a net says after a raw sample. */
typedef struct {
    uint32_t step;     /* of the answer, counted from 0: the sample of so many samples ago as sizes.delay says */
    uint32_t label;    /* the likeliest class that is not the background: elman_get_label */
    float probability; /* its own, smoothed as the image says */
    int32_t fires;     /* 1: an event; 0: none, this is the likeliest so far; -1: no step could be done yet, or none was left */
    uint32_t missing;  /* raw numbers since elman_feed_start that were not finite */
} elman_event;

/*
 * Checks an image, CRC and all, and remembers where it lies. len may be more than the image: a whole flash partition. Every byte of the
 * image is read, bit by bit so that no table takes flash: about 48 instructions for each on a Cortex-M4F, 435 thousand for 9 KB. Do it
 * once, at the start.
 */
int elman_open(elman_net *net, const unsigned char *image, size_t len);

/* What the net needs. After elman_open, before elman_start. */
int elman_get_sizes(elman_net *net, elman_sizes *sizes);

/*
 * What an output is called: *text leads to *len bytes of UTF-8 in the image, as JSON writes them between its quotes. ELMAN_LENGTH behind the
 * last one, and where the image does not say. After elman_open, also of a net that was started.
 */
int elman_get_label(elman_net *net, size_t index, const char **text, size_t *len);

/*
 * How a column of raw samples comes to the scale of training, for elman_scaled. ELMAN_LENGTH behind the last one, and where the image does
 * not say. A net of more inputs than columns reads neighbouring rows side by side, its own in the middle, zeros beyond the ends. After
 * elman_open, also of a net that was started. elman_feed and elman_answer do all of that.
 */
int elman_get_scale(elman_net *net, size_t column, float scale[4]);

/* A raw number on the scale of training, with the bits of the desktop's golden vectors; one that is not finite is missing, and 0. */
static inline float elman_scaled(const float scale[4], float raw)
{
    const float z = ((raw - scale[0]) - scale[1]) * scale[2];
    if (z >= -scale[3] && z <= scale[3]) {
        return z;
    }
    if (!(raw - raw >= 0.0f)) {
        return 0.0f;
    }
    return z > 0.0f ? scale[3] : z < 0.0f ? -scale[3] : 0.0f;
}

/*
 * Runs the golden vectors of the image, step by step (ELMAN_BOTH_WAYS for nets that cannot); buffers may hold anything. ELMAN_MISMATCH if an output is wrong; *wrong (may be NULL)
 * becomes its number, counted from 1, or 0. After elman_open, before elman_start.
 */
int elman_self_test(elman_net *net, float *state, size_t state_len, elman_strip *scratch, size_t scratch_len, float *outputs,
                    size_t outputs_len, size_t *wrong);

/* Puts the net at its initial state. State and scratch are the net's until it is opened again. */
int elman_start(elman_net *net, float *state, size_t state_len, elman_strip *scratch, size_t scratch_len);

/* Back to the initial state: before the first step of every sequence but the first. */
int elman_reset(elman_net *net);

/* One step of a net that reads numbers. ELMAN_STAGE for one that is fed raw samples. */
int elman_step(elman_net *net, const float *inputs, size_t inputs_len, float *outputs, size_t outputs_len);

/* One step of a net that reads ids: those of the whole window, and beyond the ends of a sequence the padding id. */
int elman_step_ids(elman_net *net, const uint32_t *ids, size_t ids_len, float *outputs, size_t outputs_len);

/*
 * One step of an int8 net in the whole numbers that it computes with: (x * units[0]) rounded and kept within 16 bits go in, and logits
 * come out, worth units[1] each; the largest one is the likeliest class. ELMAN_KIND for a float net. A build without the feature int8
 * has no such function.
 */
int elman_step_i16(elman_net *net, const int16_t *inputs, size_t inputs_len, int32_t *logits, size_t logits_len);

/* Those units of an int8 net. After elman_open, before elman_start. */
int elman_get_units(elman_net *net, float units[2]);

/*
 * Runs the golden samples of the image, from raw numbers to events, one of them missing: as elman_self_test, in the buffers of
 * elman_feed_start. After elman_open, before a start.
 */
int elman_feed_self_test(elman_net *net, float *state, size_t state_len, elman_strip *scratch, size_t scratch_len, float *room,
                         size_t room_len, size_t *wrong);

/*
 * Puts the net before its first sample, instead of elman_start. Buffers are the net's until it is opened again. elman_reset goes before
 * the first sample of every sequence but the first.
 */
int elman_feed_start(elman_net *net, float *state, size_t state_len, elman_strip *scratch, size_t scratch_len, float *room,
                     size_t room_len);

/*
 * A raw sample: a number for every column, in the units of the training data. It is put on the scale of training in single precision (of
 * an int8 net by integers alone), with the bits of the golden samples; a number that is not finite is missing, counted, and the net reads the mean of its column. When an answer
 * is an event the image says: elman eval --events tunes it before the export. event may be NULL where nobody asks: then the head is not
 * computed, and nothing is smoothed. A net that was trained to answer at the end of a sequence is asked with its last sample alone.
 */
int elman_feed(elman_net *net, const float *raw, size_t len, elman_event *event);

/* The same for whole numbers, as sensors have them, if the net was trained on such. */
int elman_feed_i16(elman_net *net, const int16_t *raw, size_t len, elman_event *event);

/*
 * The end of a sequence: does the steps that waited for later samples (sizes.delay of them), as if rows of zeros came. The event is that
 * of one of them if it fires, else what the last one says. event may be NULL.
 */
int elman_feed_end(elman_net *net, elman_event *event);

/*
 * The same two for a net that forecasts or regresses, whose samples become answers: instead of elman_feed_self_test and elman_feed_start,
 * with the buffers of those. Firmware that does not call them has no more of it in its flash than what checks the image.
 */
int elman_answer_self_test(elman_net *net, float *state, size_t state_len, elman_strip *scratch, size_t scratch_len, float *room,
                           size_t room_len, size_t *wrong);
int elman_answer_start(elman_net *net, float *state, size_t state_len, elman_strip *scratch, size_t scratch_len, float *room,
                       size_t room_len);

/*
 * A raw sample of such a net, after elman_answer_start: a number for every column, in the units of the data. *answered (may be NULL) becomes
 * 1 and answers are the net's, one for every target, in the units of the data; or 0, as for the first sizes.delay samples. answers may be
 * NULL where nobody asks: then the head is not computed, and *answered becomes 0. Scales, lags, curves and linear sums are worked with in
 * single precision, each operation rounded on its own, around a net of either kind. A number that is not finite is missing and counted; what
 * a series lacks is what it was before. ELMAN_KIND for a net that tells events, and of elman_feed for one that answers.
 */
int elman_answer(elman_net *net, const float *raw, size_t len, float *answers, size_t answers_len, int32_t *answered);

/* After the end of a sequence: the next of the steps that waited for later samples; answers is not NULL. Call it until *answered is 0. */
int elman_answer_end(elman_net *net, float *answers, size_t answers_len, int32_t *answered);

/*
 * Where the value that was answered last for a target lies in so many of a hundred cases: from bounds[0] to bounds[1]. ELMAN_LENGTH where
 * there is no such target, the last sample was not answered, or the image does not say for so many per cent. It says so for 80, 90 and 95 if
 * the run has errors of validation to count from, as elman predict --interval does.
 */
int elman_bounds(elman_net *net, size_t target, uint32_t percent, float bounds[2]);

/* How many raw numbers were not finite since elman_answer_start. */
int elman_get_missing(elman_net *net, uint32_t *missing);

/*
 * Learning where the net is used. The layers stay in flash as they are; the head is copied to RAM, learns there, and answers from now on:
 *
 *     static elman_strip strips[HEAD_STRIPS];                       (sizes.head_strips)
 *     static float memory[MEMORY], weights[HEAD];                   (sizes.memory, sizes.head)
 *
 *     elman_learn_start(&net, strips, HEAD_STRIPS, memory, MEMORY);     after elman_start, elman_feed_start or elman_answer_start
 *     if (kept) elman_set_head(&net, weights, HEAD);                    what an earlier run of the firmware has kept
 *     elman_reset(&net);
 *     ... elman_step or elman_feed (with NULL) for every sample of a recording, elman_feed_end ...
 *     elman_learn(&net, class, 1, &loss);                               what the net should have said after it
 *     elman_update(&net, 0.02f, 1.0f);
 *     elman_get_head(&net, weights, HEAD);                              to be kept: in two pages of flash in turn, each with a number
 *                                                                       and a checksum, as elman-core/c/examples/adapt.c does it
 *
 * Losses and weights have the bits of elman_core::head, and of a desktop that learns from the same samples. Nets in whole numbers do not
 * learn, and a build without the feature float has none of these functions. RAM: 4 * (4 * sizes.head + outputs) + 64 * sizes.head_strips bytes.
 *
 * Copies the head out of the image, instead of an earlier one. Buffers are the net's until it is opened again.
 */
int elman_learn_start(elman_net *net, elman_strip *strips, size_t strips_len, float *memory, size_t memory_len);

/*
 * What a net of classes should have said after the last step: adds the gradient of the cross-entropy. batch is how many answers make an
 * update, of which the loss is the mean; *loss (may be NULL) becomes the part of this one. ELMAN_NOT_FINITE if that is no number:
 * nothing is added.
 */
int elman_learn(elman_net *net, uint32_t label, size_t batch, double *loss);

/*
 * The same for a net of numbers, on the scale of its outputs: the mean squared error. After elman_answer that is not the scale of the data:
 * what linear sums expect lies between the two, and is not handed out. So a net that has such learns after elman_step alone.
 */
int elman_learn_numbers(elman_net *net, const float *numbers, size_t len, size_t batch, double *loss);

/*
 * A step of Adam at a learning rate, down the gradient of the answers since the last one, cut to the Euclidean norm clip. ELMAN_STAGE if
 * there are none. ELMAN_NOT_FINITE if rate, gradient or a weight would not be finite, or clip is below zero or NaN: then the weights stay
 * as they were.
 */
int elman_update(elman_net *net, float rate, float clip);

/* Copies the weights of the head out: those from hidden units to outputs, (units, outputs), then a bias for each output. */
int elman_get_head(elman_net *net, float *weights, size_t len);

/* Takes such weights in, to answer with and to learn on from. ELMAN_NOT_FINITE if one is no number: nothing changes. */
int elman_set_head(elman_net *net, const float *weights, size_t len);

/* A sentence about a code. */
const char *elman_message(int32_t code);

#ifdef __cplusplus
}
#endif

#endif /* ELMAN_H */
