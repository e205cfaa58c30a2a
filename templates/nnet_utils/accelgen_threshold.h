#ifndef ACCELGEN_THRESHOLD_H_
#define ACCELGEN_THRESHOLD_H_

#include "accelgen_map.h"

namespace accelgen {

// The value for the number of levels reached, found in `steps` comparisons, the highest first. A config gives, beside what
// `map` takes:
//   steps              2 ** steps - 1 levels for each period, ascending
//   level(i)           smallest code of x that reaches the i-th level; above every code where none does
//   value_stride       2 ** steps where each period has values of its own, else 0
//   value(i)           raw bits of the results with 0 to 2 ** steps - 1 levels reached
template <class CONFIG_T> struct threshold : CONFIG_T {
    template <class R, class T> static R apply(const T &x, unsigned i) {
        #pragma HLS INLINE
        constexpr unsigned n_levels = (1u << CONFIG_T::steps) - 1;
        const ap_int<T::width + 2> code = code_of(x);
        ap_uint<CONFIG_T::steps> reached = 0;
    Bisection:
        for (int bit = CONFIG_T::steps - 1; bit >= 0; bit--) {
            #pragma HLS UNROLL
            ap_uint<CONFIG_T::steps> probe = reached;
            probe[bit] = 1;
            if (code >= CONFIG_T::level(i * n_levels + (unsigned)probe - 1))
                reached = probe;
        }
        return from_code<R>(CONFIG_T::value(i * CONFIG_T::value_stride + (unsigned)reached));
    }
};

} // namespace accelgen

#endif
