#ifndef ACCELGEN_LOOKUP_H_
#define ACCELGEN_LOOKUP_H_

#include "accelgen_map.h"

namespace accelgen {

// value(raw bits of x as an index_t). A config gives, beside what `map` takes:
//   index_t            type whose codes the table lists; holds every x
//   value(i)           raw bits of the result
template <class CONFIG_T> struct lookup : CONFIG_T {
    template <class R, class T> static R apply(const T &x, unsigned) {
        #pragma HLS INLINE
        const typename CONFIG_T::index_t index = x;
        ap_uint<CONFIG_T::index_t::width> bits;
        bits.range() = index.range();
        return from_code<R>(CONFIG_T::value((unsigned)bits));
    }
};

} // namespace accelgen

#endif
