#ifndef ACCELGEN_CONSTANTS_H_
#define ACCELGEN_CONSTANTS_H_

#include <cstddef>

namespace accelgen {

// Constants of a layer in simulation. A list of numbers compiles to data; a list of ap_fixed compiles to a
// constructor call each, which takes minutes for a large layer.
template <class T, class V, size_t N> bool fill(const V (&values)[N], T (&constants)[N]) {
    for (size_t i = 0; i < N; i++)
        constants[i] = values[i];
    return true;
}

} // namespace accelgen

#endif
