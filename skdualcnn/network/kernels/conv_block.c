/* One training step of a convolutional block: convolution, activation, batch norm,
 * max-pool and dropout, forwards and backwards, in as few passes over memory as batch
 * norm allows. `skdualcnn/network/_compiled_block.py` calls it; the torch modules of
 * `_blocks.py` say what it must compute.
 *
 * Signals are (rows, channels, length) floats. Each pass takes a few channels at a time,
 * of all rows, so that what one pass leaves in the cache serves the next. Sums run in
 * LANES columns of a row, whatever vectors the machine has, and then in double.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <math.h>
#include "lanes.h"

#define TILE 8 /* channels at a time */
#define DROPPED (-1)

typedef struct {
    int64_t rows, in_channels, channels, length, kernel, pool;
    float slope, epsilon, momentum, scale;
    int32_t threshold; /* values whose random piece is below are dropped */
} Shape;

ALWAYS_INLINE double add_lanes(const double *lanes) {
    double sum = 0.0;
    for (int j = 0; j < LANES; j++) sum += lanes[j];
    return sum;
}

ALWAYS_INLINE void widen_lanes(double *restrict total, const float *restrict lanes) {
    for (int j = 0; j < LANES; j++) total[j] += lanes[j];
}

/* Values of a row in scratch memory, where zeros fill up the last LANES. */
ALWAYS_INLINE int64_t filled(int64_t length) { return (length + LANES - 1) / LANES * LANES; }

/* lanes += a * b along such a row; with b NULL, lanes += a. */
ALWAYS_INLINE void add_products(float *lanes, const float *a, const float *b, int64_t length) {
    Lanes sums = AS_LANES(lanes);
    for (int64_t l = 0; l < length; l += LANES)
        if (b) sums += AS_LANES(a + l) * AS_LANES(b + l);
        else sums += AS_LANES(a + l);
    *(Lanes *)lanes = sums;
}

/* Each row of the input between zeros, so that a kernel may run over its ends. */
static float *pad_input(const Shape *s, const float *input) {
    int64_t padding = s->kernel / 2, wide = s->length + 2 * padding;
    int64_t n = s->rows * s->in_channels;
    float *padded = calloc((size_t)(n * wide + LANES), sizeof(float));
    for (int64_t i = 0; padded && i < n; i++)
        memcpy(padded + i * wide + padding, input + i * s->length,
               (size_t)s->length * sizeof(float));
    return padded;
}

static void add_moments(const float *restrict z, int64_t length, float slope, float shift,
                        float *restrict row, double *sums, double *squares) {
    float first[LANES] = {0}, second[LANES] = {0};
    for (int64_t l = 0; l < length; l++) row[l] = activate(z[l], slope) - shift;
    add_products(first, row, NULL, filled(length));
    add_products(second, row, row, filled(length));
    widen_lanes(sums, first);
    widen_lanes(squares, second);
}

/* Normalise, take maxima, drop. `chosen` keeps which value was the maximum: it is as wide
 * as the values, because vectors hold as many of them as of the widest type. */
ALWAYS_INLINE void pool_row(const Shape *s, const float *restrict z, float gain, float offset,
                            const int16_t *restrict pieces, float *restrict out,
                            int32_t *restrict chosen, int pool) {
    float slope = s->slope, scale = s->scale;
    int64_t pooled = s->length / pool;
    int32_t threshold = s->threshold;
    for (int64_t o = 0; o < pooled; o++) chosen[o] = pieces ? pieces[o] : threshold;
    for (int64_t o = 0; o < pooled; o++) {
        float best = activate(z[o * pool], slope) * gain + offset;
        int32_t which = 0, kept = chosen[o] >= threshold;
        for (int j = 1; j < pool; j++) {
            float value = activate(z[o * pool + j], slope) * gain + offset;
            which = value > best ? j : which;
            best = value > best ? value : best;
        }
        out[o] = kept ? best * scale : 0.0f;
        chosen[o] = kept ? which : DROPPED;
    }
}

/* What comes back through dropout and pooling, and the centred values it came from. */
ALWAYS_INLINE void unpool_row(const Shape *s, const float *restrict z, float mean,
                              const float *restrict gradient, const int32_t *restrict chosen,
                              float *restrict passed, float *restrict centred, int pool) {
    float slope = s->slope, scale = s->scale;
    int64_t pooled = s->length / pool;
    for (int64_t o = 0; o < pooled; o++) {
        float value = z[o * pool], back = gradient[o] * scale;
        int32_t which = chosen[o];
        for (int j = 1; j < pool; j++) {
            float other = z[o * pool + j];
            value = which == j ? other : value;
        }
        passed[o] = which == DROPPED ? 0.0f : back;
        centred[o] = activate(value, slope) - mean;
    }
}

/* The gradient of z: of every value through mean and variance, of maxima directly. */
ALWAYS_INLINE void spread_row(const Shape *s, const float *restrict z, float mean, float gain,
                              float constant, float linear, const float *restrict gradient,
                              const int32_t *restrict chosen, float *restrict dz, int pool) {
    float slope = s->slope, direct = gain * s->scale;
    int64_t pooled = s->length / pool, l = pooled * pool;
    for (int64_t o = 0; o < pooled; o++) {
        float back = direct * gradient[o];
        int32_t which = chosen[o];
        for (int j = 0; j < pool; j++) {
            float raw = z[o * pool + j];
            float d = constant - linear * (activate(raw, slope) - mean);
            d += which == j ? back : 0.0f;
            dz[o * pool + j] = raw > 0.0f ? d : slope * d;
        }
    }
    for (; l < s->length; l++) {
        float d = constant - linear * (activate(z[l], slope) - mean);
        dz[l] = z[l] > 0.0f ? d : slope * d;
    }
}

/* The usual sizes as constants, which the compiler unrolls. */
#define BY_POOL(call, ...)                        \
    do {                                          \
        if (s->pool == 1) call(__VA_ARGS__, 1);   \
        else if (s->pool == 2) call(__VA_ARGS__, 2); \
        else call(__VA_ARGS__, (int)s->pool);     \
    } while (0)

/* With `weight`, `z` is filled from `input`; without, it is given. Returns 0, or 1 without
 * memory. `statistics` receives each channel's mean and one over its deviation. */
int block_forward(const Shape *s, const float *input, const float *weight, const float *bias,
                  float *z, const float *gamma, const float *beta, float *running_mean,
                  float *running_variance, const int16_t *pieces, float *statistics, float *out,
                  int32_t *chosen) {
    int64_t pooled = s->length / s->pool, taps = s->in_channels * s->kernel;
    int64_t wide = s->in_channels * (s->length + s->kernel - 1);
    double count = (double)s->rows * (double)s->length;
    float *padded = weight ? pad_input(s, input) : NULL;
    float *scratch = calloc((size_t)filled(s->length), sizeof(float));
    if ((weight && !padded) || !scratch) {
        free(padded);
        free(scratch);
        return 1;
    }
    for (int64_t first = 0; first < s->channels; first += TILE) {
        int64_t last = first + TILE < s->channels ? first + TILE : s->channels;
        double sums[TILE][LANES] = {{0}}, squares[TILE][LANES] = {{0}};
        float shift[TILE];
        for (int64_t n = 0; n < s->rows; n++)
            for (int64_t c = first; c < last; c++) {
                float *row = z + (n * s->channels + c) * s->length;
                if (weight)
                    convolve(padded + n * wide, weight + c * taps, bias[c], row, s->in_channels,
                             s->length, s->kernel);
                if (n == 0) { /* squares of small differences lose nothing */
                    double start[LANES] = {0}, unused[LANES] = {0};
                    add_moments(row, s->length, s->slope, 0.0f, scratch, start, unused);
                    shift[c - first] = (float)(add_lanes(start) / (double)s->length);
                }
                add_moments(row, s->length, s->slope, shift[c - first], scratch,
                            sums[c - first], squares[c - first]);
            }
        float gain[TILE], offset[TILE];
        for (int64_t c = first; c < last; c++) {
            double away = add_lanes(sums[c - first]) / count;
            double mean = shift[c - first] + away;
            double variance = add_lanes(squares[c - first]) / count - away * away;
            variance = variance < 0.0 ? 0.0 : variance; /* rounding; not a number stays one */
            double inverse = 1.0 / sqrt(variance + s->epsilon);
            statistics[c] = (float)mean;
            statistics[s->channels + c] = (float)inverse;
            gain[c - first] = (float)(gamma[c] * inverse);
            offset[c - first] = (float)(beta[c] - mean * gamma[c] * inverse);
            running_mean[c] += s->momentum * ((float)mean - running_mean[c]);
            running_variance[c] +=
                s->momentum * ((float)(variance * count / (count - 1.0)) - running_variance[c]);
        }
        for (int64_t n = 0; n < s->rows; n++)
            for (int64_t c = first; c < last; c++) {
                int64_t at = (n * s->channels + c) * pooled;
                BY_POOL(pool_row, s, z + (n * s->channels + c) * s->length, gain[c - first],
                        offset[c - first], pieces ? pieces + at : NULL, out + at, chosen + at);
            }
    }
    free(padded);
    free(scratch);
    return 0;
}

/* With `input`, its convolution's gradients are added up and `dz` is not used; without,
 * `dz` receives the gradient of z. */
int block_backward(const Shape *s, const float *input, const float *z, const float *gamma,
                   const float *statistics, const int32_t *chosen, const float *gradient,
                   float *dz, float *dweight, float *dbias, float *dgamma, float *dbeta) {
    int64_t pooled = s->length / s->pool, taps = s->in_channels * s->kernel;
    int64_t padded_length = s->length + s->kernel - 1, wide = s->in_channels * padded_length;
    double count = (double)s->rows * (double)s->length;
    float *padded = input ? pad_input(s, input) : NULL;
    float *passed = calloc((size_t)filled(pooled), sizeof(float));
    float *centred = calloc((size_t)filled(pooled), sizeof(float));
    float *scratch = calloc((size_t)filled(s->length), sizeof(float));
    float *lanes = input ? malloc((size_t)(TILE * (taps + 1) * LANES) * sizeof(float)) : NULL;
    int failed = !passed || !centred || !scratch || (input && (!padded || !lanes));
    for (int64_t first = 0; !failed && first < s->channels; first += TILE) {
        int64_t last = first + TILE < s->channels ? first + TILE : s->channels;
        double sums[TILE][LANES] = {{0}}, products[TILE][LANES] = {{0}};
        for (int64_t n = 0; n < s->rows; n++)
            for (int64_t c = first; c < last; c++) {
                int64_t at = (n * s->channels + c) * pooled;
                float one[LANES] = {0}, two[LANES] = {0};
                BY_POOL(unpool_row, s, z + (n * s->channels + c) * s->length, statistics[c],
                        gradient + at, chosen + at, passed, centred);
                add_products(one, passed, NULL, filled(pooled));
                add_products(two, passed, centred, filled(pooled));
                widen_lanes(sums[c - first], one);
                widen_lanes(products[c - first], two);
            }
        float constant[TILE], linear[TILE];
        for (int64_t c = first; c < last; c++) {
            double inverse = statistics[s->channels + c], gain = gamma[c] * inverse;
            double sum = add_lanes(sums[c - first]), product = add_lanes(products[c - first]);
            dbeta[c] = (float)sum;
            dgamma[c] = (float)(product * inverse);
            constant[c - first] = (float)(-gain * sum / count);
            linear[c - first] = (float)(gain * inverse * inverse * product / count);
        }
        if (input) memset(lanes, 0, (size_t)(TILE * (taps + 1) * LANES) * sizeof(float));
        for (int64_t n = 0; n < s->rows; n++)
            for (int64_t c = first; c < last; c++) {
                int64_t at = (n * s->channels + c) * pooled;
                int64_t start = (n * s->channels + c) * s->length;
                float *row = input ? scratch : dz + start;
                float gain = gamma[c] * statistics[s->channels + c];
                BY_POOL(spread_row, s, z + start, statistics[c], gain, constant[c - first],
                        linear[c - first], gradient + at, chosen + at, row);
                if (!input) continue;
                float *own = lanes + (c - first) * (taps + 1) * LANES;
                for (int64_t i = 0; i < s->in_channels; i++)
                    for (int64_t k = 0; k < s->kernel; k++, own += LANES)
                        add_products(own, row, padded + n * wide + i * padded_length + k,
                                     filled(s->length));
                add_products(own, row, NULL, filled(s->length));
            }
        for (int64_t c = first; input && c < last; c++) {
            const float *own = lanes + (c - first) * (taps + 1) * LANES;
            for (int64_t t = 0; t <= taps; t++, own += LANES) {
                double total[LANES] = {0};
                widen_lanes(total, own);
                *(t < taps ? dweight + c * taps + t : dbias + c) = (float)add_lanes(total);
            }
        }
    }
    free(padded);
    free(passed);
    free(centred);
    free(scratch);
    free(lanes);
    return failed;
}
