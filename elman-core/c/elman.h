/*
 * The C interface of elman-core: a trained net, opened in place from an image in flash, and fed step by step.
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
 * STATE, SCRATCH, INPUTS and OUTPUTS count items: floats, ids, strips. elman export prints them, elman_get_sizes tells them.
 * Every function checks pointers for null and alignment, and lengths, and returns ELMAN_OK or what was wrong. What it cannot
 * check: pointers must lead to as much memory as the lengths say; a net must be zero (as statics are) or have been opened;
 * image and buffers must stay where they are, used by nobody else, while the net is. One net, one thread at a time.
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
#define ELMAN_LENGTH 2    /* a buffer has the wrong length, or there is no such label or column */
#define ELMAN_ALIGNMENT 3 /* the image does not begin on a 64-byte boundary */
#define ELMAN_IMAGE 4     /* no image, a damaged one, of another version, or of a cell that this build leaves out */
#define ELMAN_STAGE 5     /* the net was not opened yet, not started yet, or is running already */
#define ELMAN_KIND 6      /* the net reads ids and got numbers, or the other way round */
#define ELMAN_TOKEN 7     /* an id beyond the vocabulary; the state stays as it was */
#define ELMAN_BOTH_WAYS 8 /* a net that reads both ways cannot be fed step by step */
#define ELMAN_MISMATCH 9  /* the self-test found a wrong output */

/* Room for a net: its shape, and where everything lies. */
#define ELMAN_NET_WORDS 80
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
} elman_sizes;

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
 * last one, and where the image does not say. After elman_open, before elman_start.
 */
int elman_get_label(elman_net *net, size_t index, const char **text, size_t *len);

/*
 * How a column of raw samples comes to the scale of training, for elman_scaled. ELMAN_LENGTH behind the last one, and where the image does
 * not say. A net of more inputs than columns reads neighbouring rows side by side, its own in the middle, zeros beyond the ends. After
 * elman_open, before elman_start.
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

/* One step of a net that reads numbers. */
int elman_step(elman_net *net, const float *inputs, size_t inputs_len, float *outputs, size_t outputs_len);

/* One step of a net that reads ids: those of the whole window, and beyond the ends of a sequence the padding id. */
int elman_step_ids(elman_net *net, const uint32_t *ids, size_t ids_len, float *outputs, size_t outputs_len);

/* A sentence about a code. */
const char *elman_message(int32_t code);

#ifdef __cplusplus
}
#endif

#endif /* ELMAN_H */
