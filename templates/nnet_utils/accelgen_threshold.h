#ifndef ACCELGEN_THRESHOLD_H_
#define ACCELGEN_THRESHOLD_H_

#include "accelgen_map.h"

namespace accelgen {

// value(number of levels reached), found in `steps` comparisons, the highest first. A config gives, beside what
// `map` takes:
//   steps              2 ** steps - 1 levels for each period, ascending
//   level(i)           smallest code of x that reaches the i-th level; above every code where none does
//   value(n)           raw bits of the result with n levels reached
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
        return from_code<R>(CONFIG_T::value((unsigned)reached));
    }
};

} // namespace accelgen

#endif
