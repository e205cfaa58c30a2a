#ifndef ACCELGEN_MERGE_H_
#define ACCELGEN_MERGE_H_

#include "accelgen_common.h"

namespace accelgen {

// Element-wise functions of two tensors that broadcast. A config gives
//   d0, d1, d2, d3     shape of the result, ones in front
//   a0 ... a3, b0 ...  strides of the operands, 0 along an axis that is repeated
//   n_a, n_b           elements of the operands
//   a_in_step          whether an operand comes at the result's pace, one pack for each of the result's
//   b_in_step
//   combine<R>(x, y)   the function, cast to R
//   reuse_factor, multiplier_limit

struct add {
    template <class R, class A, class B> static R combine(const A &a, const B &b) {
        #pragma HLS INLINE
        return R(a + b);
    }
};

struct subtract {
    template <class R, class A, class B> static R combine(const A &a, const B &b) {
        #pragma HLS INLINE
        return R(a - b);
    }
};

struct multiply {
    template <class R, class A, class B> static R combine(const A &a, const B &b) {
        #pragma HLS INLINE
        return R(a * b);
    }
};

struct larger_of {
    template <class R, class A, class B> static R combine(const A &a, const B &b) {
        #pragma HLS INLINE
        return R(larger(a, b));
    }
};

struct smaller_of {
    template <class R, class A, class B> static R combine(const A &a, const B &b) {
        #pragma HLS INLINE
        return R(smaller(a, b));
    }
};

template <class a_T, class b_T, class res_T, typename CONFIG_T>
void merge(a_T a[CONFIG_T::n_a], b_T b[CONFIG_T::n_b],
           res_T res[CONFIG_T::d0 * CONFIG_T::d1 * CONFIG_T::d2 * CONFIG_T::d3]) {
    #pragma HLS PIPELINE II=CONFIG_T::reuse_factor
    #pragma HLS ALLOCATION operation instances=mul limit=CONFIG_T::multiplier_limit
    for (unsigned i = 0; i < CONFIG_T::d0; i++) {
        for (unsigned j = 0; j < CONFIG_T::d1; j++) {
            for (unsigned k = 0; k < CONFIG_T::d2; k++) {
                for (unsigned l = 0; l < CONFIG_T::d3; l++) {
                    const unsigned n = ((i * CONFIG_T::d1 + j) * CONFIG_T::d2 + k) * CONFIG_T::d3 + l;
                    res[n] = CONFIG_T::template combine<res_T>(
                        a[i * CONFIG_T::a0 + j * CONFIG_T::a1 + k * CONFIG_T::a2 + l * CONFIG_T::a3],
                        b[i * CONFIG_T::b0 + j * CONFIG_T::b1 + k * CONFIG_T::b2 + l * CONFIG_T::b3]);
                }
            }
        }
    }
}

// An operand of which some packs are needed again is kept whole, one that keeps pace is not.
template <bool in_step, class pack_T, unsigned n_packs> struct operand;

template <class pack_T, unsigned n_packs> struct operand<true, pack_T, n_packs> {
    void fill(hls::stream<pack_T> &) {}
    pack_T get(hls::stream<pack_T> &data, unsigned) {
        #pragma HLS INLINE
        return data.read();
    }
};

template <class pack_T, unsigned n_packs> struct operand<false, pack_T, n_packs> {
    pack_T packs[n_packs];

    void fill(hls::stream<pack_T> &data) {
        #pragma HLS INLINE
        for (unsigned i = 0; i < n_packs; i++) {
            #pragma HLS PIPELINE II=1
            packs[i] = data.read();
        }
    }
    pack_T get(hls::stream<pack_T> &, unsigned position) {
        #pragma HLS INLINE
        return packs[position];
    }
};

template <class a_T, class b_T, class res_T, typename CONFIG_T>
void merge(hls::stream<a_T> &a, hls::stream<b_T> &b, hls::stream<res_T> &res) {
    operand<CONFIG_T::a_in_step, a_T, CONFIG_T::n_a / a_T::size> a_packs;
    operand<CONFIG_T::b_in_step, b_T, CONFIG_T::n_b / b_T::size> b_packs;
    a_packs.fill(a);
    b_packs.fill(b);

    for (unsigned i = 0; i < CONFIG_T::d0; i++) {
        for (unsigned j = 0; j < CONFIG_T::d1; j++) {
            for (unsigned k = 0; k < CONFIG_T::d2; k++) {
                #pragma HLS LOOP_FLATTEN
                #pragma HLS PIPELINE II=CONFIG_T::reuse_factor
                #pragma HLS ALLOCATION operation instances=mul limit=CONFIG_T::multiplier_limit
                const unsigned a_at = (i * CONFIG_T::a0 + j * CONFIG_T::a1 + k * CONFIG_T::a2) / a_T::size;
                const unsigned b_at = (i * CONFIG_T::b0 + j * CONFIG_T::b1 + k * CONFIG_T::b2) / b_T::size;
                const a_T a_data = a_packs.get(a, a_at);
                const b_T b_data = b_packs.get(b, b_at);
                res_T out_data;
            Pack:
                for (unsigned l = 0; l < res_T::size; l++) {
                    #pragma HLS UNROLL
                    out_data[l] = CONFIG_T::template combine<typename res_T::value_type>(
                        a_data[l * CONFIG_T::a3], b_data[l * CONFIG_T::b3]);
                }
                res.write(out_data);
            }
        }
    }
}

// Two tensors joined along an axis: `n_outer` times n_a elements of the one, then n_b of the other.
template <class a_T, class b_T, class res_T, typename CONFIG_T>
void concatenate(a_T a[CONFIG_T::n_outer * CONFIG_T::n_a], b_T b[CONFIG_T::n_outer * CONFIG_T::n_b],
                 res_T res[CONFIG_T::n_outer * (CONFIG_T::n_a + CONFIG_T::n_b)]) {
    #pragma HLS PIPELINE II=1
    constexpr unsigned n = CONFIG_T::n_a + CONFIG_T::n_b;
    for (unsigned i = 0; i < CONFIG_T::n_outer; i++) {
        for (unsigned j = 0; j < CONFIG_T::n_a; j++)
            res[i * n + j] = a[i * CONFIG_T::n_a + j];
        for (unsigned j = 0; j < CONFIG_T::n_b; j++)
            res[i * n + CONFIG_T::n_a + j] = b[i * CONFIG_T::n_b + j];
    }
}

template <class from_T, class to_T> void move_pack(hls::stream<from_T> &from, hls::stream<to_T> &to) {
    #pragma HLS INLINE
    const from_T in_data = from.read();
    to_T out_data;
    for (unsigned i = 0; i < to_T::size; i++) {
        #pragma HLS UNROLL
        out_data[i] = in_data[i];
    }
    to.write(out_data);
}

// Along the channels: packs side by side.
template <class a_T, class b_T, class res_T, typename CONFIG_T>
void concatenate_packs(hls::stream<a_T> &a, hls::stream<b_T> &b, hls::stream<res_T> &res) {
    for (unsigned i = 0; i < CONFIG_T::n_outer; i++) {
        #pragma HLS PIPELINE II=1
        const a_T a_data = a.read();
        const b_T b_data = b.read();
        res_T out_data;
        for (unsigned j = 0; j < a_T::size; j++) {
            #pragma HLS UNROLL
            out_data[j] = a_data[j];
        }
        for (unsigned j = 0; j < b_T::size; j++) {
            #pragma HLS UNROLL
            out_data[a_T::size + j] = b_data[j];
        }
        res.write(out_data);
    }
}

// Along any other axis: packs one after the other.
template <class a_T, class b_T, class res_T, typename CONFIG_T>
void concatenate_rows(hls::stream<a_T> &a, hls::stream<b_T> &b, hls::stream<res_T> &res) {
    constexpr unsigned n_a = CONFIG_T::n_a / a_T::size, n_b = CONFIG_T::n_b / b_T::size;
    for (unsigned i = 0; i < CONFIG_T::n_outer; i++) {
        for (unsigned j = 0; j < n_a + n_b; j++) {
            #pragma HLS LOOP_FLATTEN
            #pragma HLS PIPELINE II=1
            if (j < n_a)
                move_pack<a_T, res_T>(a, res);
            else
                move_pack<b_T, res_T>(b, res);
        }
    }
}

} // namespace accelgen

#endif
