/* What a trained network answers: convolutional blocks and dense layers, without any
 * training. `skdualcnn/network/_compiled_answer.py` calls it; the torch modules of
 * `_blocks.py` and `_dual_path.py` say what it must compute.
 *
 * Every value is summed in an order that does not depend on how many rows there are, so a
 * row gets the same bits alone as among others.
 */
#include <math.h>
#include <stdlib.h>
#include "lanes.h"

#define ROWS 4    /* of a tile of a dense layer */
#define OUTPUTS 6 /* of it: 24 sums, which stay in registers */

typedef struct {
    int64_t rows, in_channels, channels, length, kernel, pool;
    float slope, epsilon;
} Block;

typedef struct {
    int64_t rows, inputs, outputs;
    float slope; /* of what is below zero; 1 where no activation follows */
} Dense;

ALWAYS_INLINE void pool_row(const Block *b, const float *restrict z, float gain, float offset,
                            float *restrict out, int pool) {
    float slope = b->slope;
    for (int64_t o = 0; o < b->length / pool; o++) {
        float best = activate(z[o * pool], slope) * gain + offset;
        for (int j = 1; j < pool; j++) {
            float value = activate(z[o * pool + j], slope) * gain + offset;
            best = value > best ? value : best;
        }
        out[o] = best;
    }
}

/* Convolution, activation, batch norm and max-pool; signals are (rows, channels, length).
 * Returns 0, or 1 without memory. */
int block_answer(const Block *b, const float *input, const float *weight, const float *bias,
                 const float *gamma, const float *beta, const float *mean,
                 const float *variance, float *out) {
    int64_t padding = b->kernel / 2, wide = b->length + 2 * padding;
    int64_t taps = b->in_channels * b->kernel, pooled = b->length / b->pool;
    float *padded = calloc((size_t)(b->in_channels * wide + LANES), sizeof(float));
    float *z = malloc((size_t)b->length * sizeof(float));
    int failed = !padded || !z;
    for (int64_t n = 0; !failed && n < b->rows; n++) {
        for (int64_t i = 0; i < b->in_channels; i++, input += b->length)
            memcpy(padded + i * wide + padding, input, (size_t)b->length * sizeof(float));
        for (int64_t c = 0; c < b->channels; c++, out += pooled) {
            float gain = gamma[c] / sqrtf(variance[c] + b->epsilon);
            float offset = beta[c] - mean[c] * gain;
            convolve(padded, weight + c * taps, bias[c], z, b->in_channels, b->length, b->kernel);
            if (b->pool == 1) pool_row(b, z, gain, offset, out, 1);
            else if (b->pool == 2) pool_row(b, z, gain, offset, out, 2);
            else pool_row(b, z, gain, offset, out, (int)b->pool);
        }
    }
    free(padded);
    free(z);
    return failed;
}

/* Of a few rows a few outputs: each a sum in LANES columns, and what is left with zeros. */
ALWAYS_INLINE void fill_tile(const Dense *d, const float *x, const float *weight,
                             const float *bias, float *out, int rows, int outputs) {
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
            out[r * d->outputs + o] = activate(total[0] + bias[o], d->slope);
        }
}

ALWAYS_INLINE void fill_rows(const Dense *d, const float *x, const float *weight,
                             const float *bias, float *out, int rows) {
    int64_t o = 0;
    for (; o + OUTPUTS <= d->outputs; o += OUTPUTS)
        fill_tile(d, x, weight + o * d->inputs, bias + o, out + o, rows, OUTPUTS);
    for (; o < d->outputs; o++)
        fill_tile(d, x, weight + o * d->inputs, bias + o, out + o, rows, 1);
}

/* Weights are (outputs, inputs), as torch has them. */
void dense_answer(const Dense *d, const float *x, const float *weight, const float *bias,
                  float *out) {
    int64_t r = 0;
    for (; r + ROWS <= d->rows; r += ROWS)
        fill_rows(d, x + r * d->inputs, weight, bias, out + r * d->outputs, ROWS);
    for (; r < d->rows; r++)
        fill_rows(d, x + r * d->inputs, weight, bias, out + r * d->outputs, 1);
}
