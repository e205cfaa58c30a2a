#ifndef ACCELGEN_RELU_H_
#define ACCELGEN_RELU_H_

#include "accelgen_map.h"

namespace accelgen {

// x above 0, 0 below.
template <class CONFIG_T> struct relu : CONFIG_T {
    template <class R, class T> static R apply(const T &x, unsigned) {
        #pragma HLS INLINE
        return x > 0 ? R(x) : R(0);
    }
};

// x above 0, slope * x below. A config gives, beside what `map` takes:
//   slope_t, slope(i)  factor below 0, as raw bits
template <class CONFIG_T> struct leaky_relu : CONFIG_T {
    template <class R, class T> static R apply(const T &x, unsigned i) {
        #pragma HLS INLINE
        return x > 0 ? R(x) : R(x * from_code<typename CONFIG_T::slope_t>(CONFIG_T::slope(i)));
    }
};

// x within low and high. A config gives, beside what `map` takes:
//   low_t, low(), high_t, high()    the bounds, as raw bits
template <class CONFIG_T> struct clip : CONFIG_T {
    template <class R, class T> static R apply(const T &x, unsigned) {
        #pragma HLS INLINE
        const auto low = from_code<typename CONFIG_T::low_t>(CONFIG_T::low(0));
        const auto high = from_code<typename CONFIG_T::high_t>(CONFIG_T::high(0));
        return R(smaller(larger(x, low), high));
    }
};

} // namespace accelgen

#endif
