#ifndef ACCELGEN_CONSTANTS_H_
#define ACCELGEN_CONSTANTS_H_

#include <cmath>
#include <cstddef>

namespace accelgen {

// Constants of a layer in simulation. A list of numbers compiles to data; a list of ap_fixed compiles to a
// constructor call each, which takes minutes for a large layer. Codes of up to 62 bits are set directly:
// instantiating a type's conversion from double costs more than all else that a small layer's weights do.
template <bool direct> struct constant {
    template <class T> static void set(T &target, double value) {
        target.V = (long long)std::ldexp(value, T::width - T::iwidth);
    }
};

template <> struct constant<false> {
    template <class T> static void set(T &target, double value) { target = value; }
};

template <class T, class V, size_t N> bool fill(const V (&values)[N], T (&constants)[N]) {
    for (size_t i = 0; i < N; i++)
        constant<(T::width <= 62)>::set(constants[i], values[i]);
    return true;
}

} // namespace accelgen

#endif
