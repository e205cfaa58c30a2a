#ifndef ACCELGEN_SOFTMAX_H_
#define ACCELGEN_SOFTMAX_H_

#include "accelgen_common.h"

namespace accelgen {

// Softmax as accelgen/ir/softmax.py defines it, which also explains the names. A config gives
//   n_rows, n_classes  shape
//   size_bits          bits of n_classes
//   drop, n_factors, exp_bits, exp_fraction, mantissa_bits, reciprocal_bits, term_fraction, cast_t
//   exponential(i)     entries of all factors, 2 ** exp_bits each
//   base(i), slope(i)  of the reciprocal, 2 ** reciprocal_bits each
//   reuse_factor, multiplier_limit

template <class T, typename CONFIG_T> ap_uint<CONFIG_T::exp_fraction + 1> exp_of_negative(const T &distance) {
    #pragma HLS INLINE
    constexpr unsigned n_entries = 1u << CONFIG_T::exp_bits;
    typedef ap_uint<CONFIG_T::exp_fraction + 1> factor_t;
    const ap_uint<T::width + CONFIG_T::n_factors * CONFIG_T::exp_bits> kept = distance >> CONFIG_T::drop;
    ap_uint<2 * CONFIG_T::exp_fraction + 2> result = 0;
Factors:
    for (int k = CONFIG_T::n_factors - 1; k >= 0; k--) {
        #pragma HLS UNROLL
        const unsigned index = (unsigned)(kept >> (k * CONFIG_T::exp_bits)) & (n_entries - 1);
        const factor_t entry = CONFIG_T::exponential(k * n_entries + index);
        if (k == int(CONFIG_T::n_factors) - 1)
            result = entry;
        else
            result = (factor_t(result) * entry) >> CONFIG_T::exp_fraction;
    }
    if ((kept >> (CONFIG_T::n_factors * CONFIG_T::exp_bits)) != 0)
        result = 0;
    return result;
}

template <typename CONFIG_T>
ap_uint<CONFIG_T::mantissa_bits + 1> reciprocal_of(const ap_uint<CONFIG_T::exp_fraction + CONFIG_T::size_bits> &total) {
    #pragma HLS INLINE
    constexpr unsigned highest = CONFIG_T::size_bits - 1;
    constexpr unsigned rest_bits = CONFIG_T::mantissa_bits - CONFIG_T::reciprocal_bits;
    unsigned exponent = 0;
LeadingOne:
    for (unsigned k = 0; k <= highest; k++) {
        #pragma HLS UNROLL
        if (total[CONFIG_T::exp_fraction + k])
            exponent = k;
    }
    // one bit more below, as the mantissa may be one bit longer than the total
    ap_uint<CONFIG_T::exp_fraction + CONFIG_T::size_bits + 1> aligned = total;
    aligned = aligned << (highest + 1 - exponent);
    const ap_uint<CONFIG_T::mantissa_bits> mantissa =
        aligned >> (CONFIG_T::exp_fraction + highest + 1 - CONFIG_T::mantissa_bits);
    const unsigned index = mantissa >> rest_bits;
    const ap_uint<rest_bits> rest = mantissa;
    const ap_uint<CONFIG_T::mantissa_bits + 1> base = CONFIG_T::base(index), slope = CONFIG_T::slope(index);
    const ap_uint<CONFIG_T::mantissa_bits + 1> value = base - ((slope * rest) >> rest_bits);
    return value >> exponent;
}

template <class T, class R, typename CONFIG_T>
void softmax_row(const T x[CONFIG_T::n_classes], R res[CONFIG_T::n_classes]) {
    #pragma HLS INLINE
    typedef ap_uint<CONFIG_T::exp_fraction + 1> exp_t;
    typedef ap_uint<CONFIG_T::exp_fraction + CONFIG_T::size_bits> total_t;
    typedef ap_ufixed<CONFIG_T::term_fraction + CONFIG_T::mantissa_bits + 2, 2> product_t;

    total_t exponentials[CONFIG_T::n_classes];
    #pragma HLS ARRAY_PARTITION variable=exponentials complete
    const T largest = tree<maximum<T>, T, CONFIG_T::n_classes>::reduce(x);
Exponentials:
    for (unsigned i = 0; i < CONFIG_T::n_classes; i++) {
        #pragma HLS UNROLL
        const ap_uint<T::width + 1> distance = code_of(largest) - code_of(x[i]);
        exponentials[i] = exp_of_negative<ap_uint<T::width + 1>, CONFIG_T>(distance);
    }
    const total_t total = tree<sum<total_t>, total_t, CONFIG_T::n_classes>::reduce(exponentials);
    const ap_uint<CONFIG_T::mantissa_bits + 1> reciprocal = reciprocal_of<CONFIG_T>(total);
Results:
    for (unsigned i = 0; i < CONFIG_T::n_classes; i++) {
        #pragma HLS UNROLL
        const ap_uint<CONFIG_T::term_fraction + 1> term = exponentials[i] >> (CONFIG_T::exp_fraction - CONFIG_T::term_fraction);
        const ap_uint<product_t::width> product = term * reciprocal;
        product_t value;
        value.range() = product.range();
        res[i] = typename CONFIG_T::cast_t(value);
    }
}

template <class data_T, class res_T, typename CONFIG_T>
void softmax(data_T data[CONFIG_T::n_rows * CONFIG_T::n_classes], res_T res[CONFIG_T::n_rows * CONFIG_T::n_classes]) {
    #pragma HLS PIPELINE II=CONFIG_T::reuse_factor
    #pragma HLS ALLOCATION operation instances=mul limit=CONFIG_T::multiplier_limit
    for (unsigned i = 0; i < CONFIG_T::n_rows; i++)
        softmax_row<data_T, res_T, CONFIG_T>(data + i * CONFIG_T::n_classes, res + i * CONFIG_T::n_classes);
}

template <class data_T, class res_T, typename CONFIG_T>
void softmax(hls::stream<data_T> &data, hls::stream<res_T> &res) {
    static_assert(data_T::size == CONFIG_T::n_classes, "a pack holds the classes of one position");
    for (unsigned i = 0; i < CONFIG_T::n_rows; i++) {
        #pragma HLS PIPELINE II=CONFIG_T::reuse_factor
        #pragma HLS ALLOCATION operation instances=mul limit=CONFIG_T::multiplier_limit
        const data_T in_data = data.read();
        res_T out_data;
        softmax_row<typename data_T::value_type, typename res_T::value_type, CONFIG_T>(in_data.data, out_data.data);
        res.write(out_data);
    }
}

} // namespace accelgen

#endif
