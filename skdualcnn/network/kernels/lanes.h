/* Vectors of LANES floats, whatever vectors the machine has, and what all kernels do along
 * a row of them. */
#ifndef SKDUALCNN_LANES_H
#define SKDUALCNN_LANES_H

#include <stdint.h>
#include <string.h>

#define LANES 16
#define ALWAYS_INLINE static inline __attribute__((always_inline))

/* Floats anywhere in memory: an extension of GCC and Clang. */
typedef float Lanes __attribute__((vector_size(4 * LANES), aligned(4), may_alias));
#define AS_LANES(place) (*(const Lanes *)(place))

ALWAYS_INLINE float activate(float value, float slope) {
    return value > 0.0f ? value : slope * value;
}

/* One output channel of one row, LANES values at a time. `padded` is (in_channels, length +
 * kernel - 1), with zeros for the kernel to run over and LANES floats behind it. */
ALWAYS_INLINE void convolve(const float *padded, const float *weight, float bias, float *out,
                            int64_t in_channels, int64_t length, int64_t kernel) {
    for (int64_t l = 0; l < length; l += LANES) {
        const float *in = padded + l, *w = weight;
        Lanes sums = {0};
        sums += bias;
        for (int64_t i = 0; i < in_channels; i++, in += length + kernel - 1)
            for (int64_t k = 0; k < kernel; k++) sums += *w++ * AS_LANES(in + k);
        if (l + LANES <= length) *(Lanes *)(out + l) = sums;
        else memcpy(out + l, &sums, (size_t)(length - l) * sizeof(float));
    }
}

#endif
