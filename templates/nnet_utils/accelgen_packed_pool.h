#ifndef ACCELGEN_PACKED_POOL_H_
#define ACCELGEN_PACKED_POOL_H_

#include "accelgen_pooling.h"

namespace accelgen {

// The maximum of each pair of levels in two words, for all lanes at once: OR where a level has one bit.
template <class word_T, unsigned planes> struct larger_levels {
    static word_T neutral() { return 0; }

    static word_T reduce(const word_T &a, const word_T &b) {
        #pragma HLS INLINE
        constexpr unsigned lanes = word_T::width / planes;
        typedef ap_uint<lanes> plane_t;
        plane_t a_larger = 0, b_larger = 0;
        for (unsigned plane = planes; plane-- > 0;) {
            #pragma HLS UNROLL
            const plane_t of_a = a >> (plane * lanes), of_b = b >> (plane * lanes);
            a_larger |= of_a & ~of_b & ~b_larger;
            b_larger |= of_b & ~of_a & ~a_larger;
        }
        word_T result = 0;
        for (unsigned plane = 0; plane < planes; plane++) {
            #pragma HLS UNROLL
            const plane_t of_a = a >> (plane * lanes), of_b = b >> (plane * lanes);
            const word_T larger = plane_t((of_a & a_larger) | (of_b & ~a_larger));
            result |= word_T(larger << (plane * lanes));
        }
        return result;
    }
};

} // namespace accelgen

#endif
