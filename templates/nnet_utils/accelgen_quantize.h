#ifndef ACCELGEN_QUANTIZE_H_
#define ACCELGEN_QUANTIZE_H_

#include "accelgen_map.h"

namespace accelgen {

// Whether code / 2 ** shift, floored, goes up by one in the rounding mode Q.
template <ap_q_mode Q, int W> bool rounds_up(const ap_int<W> &code, const ap_int<W> &floor, unsigned shift) {
    #pragma HLS INLINE
    if (Q == AP_TRN || shift == 0)
        return false;
    const ap_int<W> rest = code - ap_int<W>(floor << shift);
    const ap_int<W> half = ap_int<W>(1) << (shift - 1);
    const bool negative = code < 0;
    if (Q == AP_TRN_ZERO)
        return negative && rest != 0;
    const bool tie_up = Q == AP_RND || (Q == AP_RND_ZERO && negative) || (Q == AP_RND_INF && !negative) ||
                        (Q == AP_RND_CONV && floor[0]);
    return rest > half || (rest == half && tie_up);
}

// Each element cast to a type of its own. A config gives, beside what `map` takes:
//   width              bits of a signed code of x, of a result and of all between, on the grid 2 ** -fraction
//   fraction           the finest grid of x and of all the types
//   rounding           mode of every type
//   saturates          whether a value out of range becomes the nearest bound, or 0 (saturates_to_zero);
//                      else it wraps
//   drop(i)            bits of the grid that the i-th type lacks
//   low(i), high(i)    its range, as codes of its own grid; both 0 for a type of no bits
//   wrap(i)            bits of width above its own, by which a shift up and down again wraps a signed code
template <class CONFIG_T> struct quantize : CONFIG_T {
    template <class R, class T> static R apply(const T &x, unsigned i) {
        #pragma HLS INLINE
        typedef ap_int<CONFIG_T::width> code_t;
        typedef ap_fixed<CONFIG_T::width, CONFIG_T::width - CONFIG_T::fraction> grid_t;
        const code_t code = code_of(grid_t(x));
        const unsigned drop = CONFIG_T::drop(i);
        const code_t low = CONFIG_T::low(i), high = CONFIG_T::high(i);
        const code_t floor = code >> drop;
        code_t rounded = floor + (rounds_up<CONFIG_T::rounding>(code, floor, drop) ? 1 : 0);
        if (low == high) {
            rounded = 0;
        } else if (CONFIG_T::saturates) {
            if (rounded < low)
                rounded = CONFIG_T::saturates_to_zero ? code_t(0) : low;
            else if (rounded > high)
                rounded = CONFIG_T::saturates_to_zero ? code_t(0) : high;
        } else if (low < 0) {
            const unsigned above = CONFIG_T::wrap(i);
            rounded = code_t(rounded << above) >> above;
        } else {
            rounded &= high;
        }
        return R(from_code<grid_t>(code_t(rounded << drop)));
    }
};

} // namespace accelgen

#endif
