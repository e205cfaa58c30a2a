#ifndef ACCELGEN_HPP_
#define ACCELGEN_HPP_

// Real numbers to and from the bytes that a network reads and writes. The rules are those of packing.py, which
// projects for PYNQ hold too: a value's lane is its bits, extended to the next power of two; lanes follow one another
// from the lowest bits up; a sample is whole words of the bus.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>

namespace accelgen {

// As ap_fixed rounds and overflows (AMD UG1399, "Arbitrary Precision Fixed-Point Data Types").
enum class Rounding { TRN, TRN_ZERO, RND, RND_ZERO, RND_INF, RND_MIN_INF, RND_CONV };
enum class Overflow { WRAP, SAT, SAT_ZERO, SAT_SYM };

// An input or output: values of `width` bits, 64 at most, on the grid 2**-fraction.
struct Port {
    const char *name;
    size_t values; // of a sample
    int width;
    int fraction;
    bool is_signed;
    Rounding rounding;
    Overflow overflow;
    size_t lane_bits;
    size_t sample_bytes;
};

// The lowest bits of a code, extended by its sign.
inline uint64_t extended(const Port &port, uint64_t code) {
    if (port.width == 64)
        return code;
    const uint64_t mask = (uint64_t(1) << port.width) - 1;
    const bool negative = port.is_signed && (code >> (port.width - 1) & 1);
    return negative ? code | ~mask : code & mask;
}

inline double rounded(double scaled, Rounding rounding) {
    const double floor = std::floor(scaled);
    const double rest = scaled - floor;
    bool tie_up = true;
    switch (rounding) {
    case Rounding::TRN:
        return floor;
    case Rounding::TRN_ZERO:
        return std::trunc(scaled);
    case Rounding::RND:
        break;
    case Rounding::RND_MIN_INF:
        tie_up = false;
        break;
    case Rounding::RND_ZERO:
        tie_up = scaled < 0;
        break;
    case Rounding::RND_INF:
        tie_up = scaled > 0;
        break;
    case Rounding::RND_CONV:
        tie_up = std::fmod(floor, 2.0) != 0;
        break;
    }
    return rest > 0.5 || (rest == 0.5 && tie_up) ? floor + 1 : floor;
}

// A real number's code, as an input of the network gets it. Throws std::invalid_argument where it is not finite.
inline uint64_t quantize(const Port &port, double value) {
    if (!std::isfinite(value))
        throw std::invalid_argument(std::string(port.name) + ": there are values that are not finite");
    const double whole = rounded(std::ldexp(value, port.fraction), port.rounding);
    if (port.overflow == Overflow::WRAP) {
        const double rest = std::isinf(whole) ? 0 : std::fmod(whole, std::ldexp(1.0, port.width));
        return extended(port, rest < 0 ? uint64_t(0) - uint64_t(-rest) : uint64_t(rest));
    }
    const double past = std::ldexp(1.0, port.is_signed ? port.width - 1 : port.width); // the largest code and 1
    const double least = port.is_signed ? -past : 0;
    const bool symmetric = port.is_signed && port.overflow == Overflow::SAT_SYM;
    const bool below = symmetric ? whole <= least : whole < least;
    if (below || whole >= past) {
        if (port.overflow == Overflow::SAT_ZERO)
            return 0;
        const int bits = port.width - (port.is_signed ? 1 : 0);
        const uint64_t largest = bits == 64 ? ~uint64_t(0) : (uint64_t(1) << bits) - 1;
        const uint64_t smallest = port.is_signed ? ~largest + (symmetric ? 1 : 0) : 0;
        return below ? smallest : largest;
    }
    return whole < 0 ? uint64_t(0) - uint64_t(-whole) : uint64_t(whole);
}

// A code as a real number, rounded where it has more than 53 bits.
inline double to_real(const Port &port, uint64_t code) {
    const double whole = port.is_signed ? double(int64_t(code)) : double(code);
    return std::ldexp(whole, -port.fraction);
}

// Real numbers (samples x values) as bytes (samples x sample_bytes).
inline void pack(const Port &port, const double *values, size_t samples, uint8_t *bytes) {
    std::memset(bytes, 0, samples * port.sample_bytes);
    for (size_t sample = 0; sample < samples; sample++, bytes += port.sample_bytes)
        for (size_t i = 0; i < port.values; i++) {
            const uint64_t code = quantize(port, *values++);
            const size_t bit = i * port.lane_bits;
            if (port.lane_bits < 8)
                bytes[bit / 8] |= uint8_t((code & ((1u << port.lane_bits) - 1)) << (bit % 8));
            for (size_t part = 0; part < port.lane_bits / 8; part++)
                bytes[bit / 8 + part] = uint8_t(code >> (8 * part));
        }
}

// Bytes (samples x sample_bytes) as real numbers (samples x values).
inline void unpack(const Port &port, const uint8_t *bytes, size_t samples, double *values) {
    for (size_t sample = 0; sample < samples; sample++, bytes += port.sample_bytes)
        for (size_t i = 0; i < port.values; i++) {
            const size_t bit = i * port.lane_bits;
            uint64_t code = port.lane_bits < 8 ? uint64_t(bytes[bit / 8] >> (bit % 8)) : 0;
            for (size_t part = 0; part < port.lane_bits / 8; part++)
                code |= uint64_t(bytes[bit / 8 + part]) << (8 * part);
            *values++ = to_real(port, extended(port, code));
        }
}

} // namespace accelgen

#endif
