/* What a trained network answers, without any training.
 * `skdualcnn/network/_compiled_answer.py` calls it; the torch modules of `_blocks.py` and
 * `_dual_path.py` say what it must compute.
 *
 * A few rows go through all layers before the next ones do, so that what lies between two
 * layers stays in the nearest cache. Every value is summed in an order that does not depend
 * on how many rows there are: a row gets the same bits alone as among others.
 */
#include <math.h>
#include <stdlib.h>
#include "lanes.h"

#define ROWS 4    /* that go through the layers together */
#define OUTPUTS 6 /* of a tile of a dense layer: 24 sums, which stay in registers */

typedef struct {
    int64_t in_channels, channels, kernel, pool;
    int64_t adds; /* 1 for the second of a residual block, which adds the first one's input */
    float slope, epsilon;
    const float *weight, *bias, *gamma, *beta, *mean, *variance;
} Block;

typedef struct {
    int64_t inputs, outputs;
    float slope; /* of what is below zero; 1 where no activation follows */
    const float *weight, *bias; /* weights are (outputs, inputs), as torch has them */
} Dense;

typedef struct {
    int64_t n_blocks, n_heads;
    int64_t pools_all; /* 1 if the dense layer reads means and maxima over all steps */
    const Block *blocks;
    const Dense *dense, *heads;
} Network;

/* What one row leaves between two layers: channels `stride` apart, each between zeros for the
 * next block's kernel to run over. */
typedef struct {
    float *signal;
    int64_t length, padding, stride;
} Place;

/* Batch norm as one factor and one summand a channel. */
typedef struct {
    float *gains, *offsets;
} Norm;

typedef struct {
    Place *places; /* before each block, and after the last one */
    Norm *norms;   /* of each block */
    float *sums, *features, *hidden, *memory;
} Workspace;

static float *take(float **memory, int64_t n) {
    float *taken = *memory;
    *memory += n;
    return taken;
}

static void fill_norm(const Block *b, Norm norm) {
    for (int64_t c = 0; c < b->channels; c++) {
        norm.gains[c] = b->gamma[c] / sqrtf(b->variance[c] + b->epsilon);
        norm.offsets[c] = b->beta[c] - b->mean[c] * norm.gains[c];
    }
}

/* Returns 0 if there is no memory. */
static int prepare(const Network *net, int64_t length, Workspace *w) {
    int64_t floats = length + LANES + ROWS * (net->dense->inputs + net->dense->outputs);
    int64_t left = length;
    for (int64_t b = 0; b < net->n_blocks; left /= net->blocks[b++].pool)
        floats += net->blocks[b].in_channels * (left + net->blocks[b].kernel) + LANES +
                  2 * net->blocks[b].channels;
    int64_t last = net->blocks[net->n_blocks - 1].channels * left;
    if (net->pools_all) floats += last;
    w->places = calloc((size_t)(net->n_blocks + 1), sizeof(Place));
    w->norms = calloc((size_t)(net->n_blocks + 1), sizeof(Norm));
    w->memory = calloc((size_t)floats, sizeof(float));
    if (!w->places || !w->norms || !w->memory) return 0;

    float *memory = w->memory;
    w->sums = take(&memory, length + LANES);
    w->features = take(&memory, ROWS * net->dense->inputs);
    w->hidden = take(&memory, ROWS * net->dense->outputs);
    for (int64_t b = 0; b < net->n_blocks; b++) {
        const Block *block = net->blocks + b;
        int64_t padding = block->kernel / 2, stride = length + 2 * padding;
        float *start = take(&memory, block->in_channels * stride + LANES);
        w->places[b] = (Place){start + padding, length, padding, stride};
        w->norms[b] = (Norm){take(&memory, block->channels), take(&memory, block->channels)};
        fill_norm(block, w->norms[b]);
        length /= block->pool;
    }
    w->places[net->n_blocks] =
        (Place){net->pools_all ? take(&memory, last) : w->features, length, 0, length};
    return 1;
}

static void clear(Workspace *w) {
    free(w->places);
    free(w->norms);
    free(w->memory);
}

ALWAYS_INLINE void pool_row(const float *restrict sums, float slope, float gain, float offset,
                            float *restrict out, int64_t length, int pool) {
    for (int64_t o = 0; o < length; o++) {
        float best = activate(sums[o * pool], slope) * gain + offset;
        for (int j = 1; j < pool; j++) {
            float value = activate(sums[o * pool + j], slope) * gain + offset;
            best = value > best ? value : best;
        }
        out[o] = best;
    }
}

/* Convolution, activation, batch norm and max-pool of one row. */
static void answer_block(const Block *b, const Place *from, Norm norm, float *sums,
                         const Place *to) {
    int64_t taps = b->in_channels * b->kernel;
    for (int64_t c = 0; c < b->channels; c++) {
        float *out = to->signal + c * to->stride, gain = norm.gains[c], offset = norm.offsets[c];
        convolve(from->signal - from->padding, b->weight + c * taps, b->bias[c], sums,
                 b->in_channels, from->length, b->kernel);
        if (b->pool == 1) pool_row(sums, b->slope, gain, offset, out, to->length, 1);
        else if (b->pool == 2) pool_row(sums, b->slope, gain, offset, out, to->length, 2);
        else pool_row(sums, b->slope, gain, offset, out, to->length, (int)b->pool);
    }
}

static void add_rows(const Place *from, const Place *to, int64_t channels) {
    for (int64_t c = 0; c < channels; c++)
        for (int64_t l = 0; l < to->length; l++)
            to->signal[c * to->stride + l] += from->signal[c * from->stride + l];
}

/* One row through all blocks, to where the last place is. */
static void answer_blocks(const Network *net, const Workspace *w, const float *signal) {
    const Place *first = w->places;
    for (int64_t c = 0; c < net->blocks->in_channels; c++)
        memcpy(first->signal + c * first->stride, signal + c * first->length,
               (size_t)first->length * sizeof(float));
    for (int64_t b = 0; b < net->n_blocks; b++) {
        const Place *from = w->places + b, *to = from + 1;
        answer_block(net->blocks + b, from, w->norms[b], w->sums, to);
        if (net->blocks[b].adds) add_rows(from - 1, to, net->blocks[b].channels);
    }
}

/* The mean of each channel, then the maximum of each. */
static void pool_channels(const Place *from, int64_t channels, float *out) {
    for (int64_t c = 0; c < channels; c++) {
        const float *steps = from->signal + c * from->stride;
        float sum = steps[0], best = steps[0];
        for (int64_t l = 1; l < from->length; l++) {
            sum += steps[l];
            best = steps[l] > best ? steps[l] : best;
        }
        out[c] = sum / (float)from->length;
        out[channels + c] = best;
    }
}

/* Of a few rows a few outputs: each a sum in LANES columns, and what is left with zeros. */
ALWAYS_INLINE void fill_tile(const Dense *d, int64_t first, const float *x, float *out,
                             int64_t stride, int rows, int outputs) {
    const float *weight = d->weight + first * d->inputs, *bias = d->bias + first;
    int64_t n = d->inputs, whole = n / LANES * LANES;
    size_t left = (size_t)(n - whole) * sizeof(float);
    Lanes sums[ROWS][OUTPUTS] = {{{0}}}, w[OUTPUTS];
    for (int64_t k = 0; k < whole; k += LANES) {
        for (int o = 0; o < outputs; o++) w[o] = AS_LANES(weight + o * n + k);
        for (int r = 0; r < rows; r++) {
            Lanes a = AS_LANES(x + r * n + k);
            for (int o = 0; o < outputs; o++) sums[r][o] += a * w[o];
        }
    }
    for (int r = 0; r < rows; r++)
        for (int o = 0; o < outputs; o++) {
            Lanes a = {0}, b = {0};
            memcpy(&a, x + r * n + whole, left);
            memcpy(&b, weight + o * n + whole, left);
            Lanes total = sums[r][o] + a * b;
            for (int half = LANES / 2; half > 0; half /= 2)
                for (int j = 0; j < half; j++) total[j] += total[j + half];
            out[r * stride + first + o] = activate(total[0] + bias[o], d->slope);
        }
}

ALWAYS_INLINE void fill_rows(const Dense *d, const float *x, float *out, int64_t stride,
                             int rows) {
    int64_t o = 0;
    for (; o + OUTPUTS <= d->outputs; o += OUTPUTS)
        fill_tile(d, o, x, out, stride, rows, OUTPUTS);
    for (; o < d->outputs; o++) fill_tile(d, o, x, out, stride, rows, 1);
}

/* A dense layer on one row or on ROWS of them; `stride` is that of the outputs. */
static void answer_dense(const Dense *d, const float *x, float *out, int64_t stride,
                         int64_t rows) {
    if (rows == ROWS) fill_rows(d, x, out, stride, ROWS);
    else
        for (int64_t r = 0; r < rows; r++)
            fill_rows(d, x + r * d->inputs, out + r * stride, stride, 1);
}

/* Logits (rows, classes of all heads) of signals (rows, channels, length).
 * Returns 0, or 1 without memory, or 2 if the signals are not of the network's shape. */
int network_answer(const Network *net, int64_t rows, int64_t length, const float *signals,
                   float *logits) {
    Workspace w = {0};
    int64_t classes = 0, width = net->blocks->in_channels * length, inputs = net->dense->inputs;
    for (int64_t h = 0; h < net->n_heads; h++) classes += net->heads[h].outputs;
    int64_t channels = net->blocks[net->n_blocks - 1].channels;
    int failed = !prepare(net, length, &w);
    Place *last = w.places + net->n_blocks;
    if (!failed && (!last->length || channels * (net->pools_all ? 2 : last->length) != inputs))
        failed = 2;
    for (int64_t r = 0; !failed && r < rows; r += ROWS) {
        int64_t some = rows - r < ROWS ? rows - r : ROWS;
        for (int64_t i = 0; i < some; i++) {
            float *features = w.features + i * inputs;
            if (!net->pools_all) last->signal = features;
            answer_blocks(net, &w, signals + (r + i) * width);
            if (net->pools_all) pool_channels(last, channels, features);
        }
        answer_dense(net->dense, w.features, w.hidden, net->dense->outputs, some);
        float *out = logits + r * classes;
        for (int64_t h = 0; h < net->n_heads; out += net->heads[h++].outputs)
            answer_dense(net->heads + h, w.hidden, out, classes, some);
    }
    clear(&w);
    return failed;
}
