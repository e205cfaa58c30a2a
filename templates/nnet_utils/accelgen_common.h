#ifndef ACCELGEN_COMMON_H_
#define ACCELGEN_COMMON_H_

#include "ap_fixed.h"
#include "ap_int.h"
#include "hls_stream.h"
#include "nnet_common.h"
#include "nnet_types.h"

namespace accelgen {

// One constant of a table, as a signed code of W bits. Simulation takes the compiler's own integer: a list of
// ap_int compiles to a constructor call each.
#ifdef __SYNTHESIS__
template <int W> using rom = ap_int<W>;
#else
template <int W> using rom = long long;
#endif

constexpr unsigned gcd(unsigned a, unsigned b) { return b == 0 ? a : gcd(b, a % b); }

// The bits of a value set to those of another as wide. In simulation references to ranges take most of the time
// of a kernel that uses them.
template <class A, class B> void copy_bits(A &to, const B &from) {
    #pragma HLS INLINE
#ifdef __SYNTHESIS__
    to.range() = from.range();
#else
    to.V = from.V;
#endif
}

// The raw bits of a fixed-point value as an integer.
template <int W, int I, ap_q_mode Q, ap_o_mode O, int N> ap_int<W> code_of(const ap_fixed<W, I, Q, O, N> &x) {
    #pragma HLS INLINE
    ap_int<W> code;
    copy_bits(code, x);
    return code;
}

template <int W, int I, ap_q_mode Q, ap_o_mode O, int N> ap_uint<W> code_of(const ap_ufixed<W, I, Q, O, N> &x) {
    #pragma HLS INLINE
    ap_uint<W> code;
    copy_bits(code, x);
    return code;
}

// The value of type T whose raw bits are the lowest of ``code``.
template <class T, int W> T from_code(const ap_int<W> &code) {
    #pragma HLS INLINE
    ap_int<T::width> bits = code;
    T x;
    copy_bits(x, bits);
    return x;
}

template <class T> struct is_signed;
template <int W, int I, ap_q_mode Q, ap_o_mode O, int N> struct is_signed<ap_fixed<W, I, Q, O, N>> {
    static const bool value = true;
};
template <int W, int I, ap_q_mode Q, ap_o_mode O, int N> struct is_signed<ap_ufixed<W, I, Q, O, N>> {
    static const bool value = false;
};

// A type that holds every value of A and of B.
template <class A, class B> struct common {
    static const int a_integer = A::iwidth + (is_signed<A>::value ? 0 : 1);
    static const int b_integer = B::iwidth + (is_signed<B>::value ? 0 : 1);
    static const int integer = a_integer > b_integer ? a_integer : b_integer;
    static const int a_fraction = A::width - A::iwidth;
    static const int b_fraction = B::width - B::iwidth;
    static const int fraction = a_fraction > b_fraction ? a_fraction : b_fraction;
    typedef ap_fixed<integer + fraction, integer> type;
};

template <class A, class B> typename common<A, B>::type smaller(const A &a, const B &b) {
    #pragma HLS INLINE
    typedef typename common<A, B>::type T;
    const T x = a, y = b;
    return x < y ? x : y;
}

template <class A, class B> typename common<A, B>::type larger(const A &a, const B &b) {
    #pragma HLS INLINE
    typedef typename common<A, B>::type T;
    const T x = a, y = b;
    return x > y ? x : y;
}

// x[0] ... x[N - 1] reduced by OP_T::reduce as a balanced tree.
template <class OP_T, class T, unsigned N> struct tree {
    static T reduce(const T *x) {
        #pragma HLS INLINE
        return OP_T::reduce(tree<OP_T, T, N / 2>::reduce(x), tree<OP_T, T, N - N / 2>::reduce(x + N / 2));
    }
};

template <class OP_T, class T> struct tree<OP_T, T, 1> {
    static T reduce(const T *x) {
        #pragma HLS INLINE
        return x[0];
    }
};

template <class T> struct sum {
    static T neutral() { return T(0); }
    static T reduce(const T &a, const T &b) {
        #pragma HLS INLINE
        return a + b;
    }
};

template <class T> struct maximum {
    static T neutral() {
        #pragma HLS INLINE
        ap_int<T::width> code = 0;
        code[T::width - 1] = is_signed<T>::value ? 1 : 0;
        return from_code<T>(code);
    }
    static T reduce(const T &a, const T &b) {
        #pragma HLS INLINE
        return a > b ? a : b;
    }
};

} // namespace accelgen

#endif
