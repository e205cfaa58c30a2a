#ifndef ACCELGEN_BUS_H_
#define ACCELGEN_BUS_H_

// Values of a network to and from words of a bus. A value's lane is its bits, extended by its sign to the next
// power of two; lanes follow one another from the lowest bits up, a sample starts at a new word, and a lane wider
// than a word takes several, the lowest first. driver/packing.py says the same of bytes in memory.

#include "ap_axi_sdata.h"
#include "ap_int.h"
#include "hls_stream.h"

namespace accelgen {

// Where the values of one input or output lie. A unit is what moves at once: a lane, or a word of a wider lane.
template <unsigned WIDTH, bool SIGNED, unsigned LANE, unsigned VALUES, unsigned BUS> struct Layout {
    static const unsigned width = WIDTH;
    static const bool is_signed = SIGNED;
    static const unsigned lane = LANE;
    static const unsigned values = VALUES;
    static const unsigned unit = LANE < BUS ? LANE : BUS;
    static const unsigned units = LANE / unit;       // of a value
    static const unsigned word_units = BUS / unit;   // of a word
    static const unsigned words = (VALUES * units + word_units - 1) / word_units; // of a sample
};

template <int BUS> ap_uint<BUS> bits(const ap_uint<BUS> &word) { return word; }
template <int BUS> ap_uint<BUS> bits(const ap_axiu<BUS, 0, 0, 0> &word) { return word.data; }
template <int BUS> bool is_last(const ap_uint<BUS> &) { return false; }
template <int BUS> bool is_last(const ap_axiu<BUS, 0, 0, 0> &word) { return word.last; }

template <int BUS> void make_word(ap_uint<BUS> &word, const ap_uint<BUS> &data, bool) { word = data; }
template <int BUS> void make_word(ap_axiu<BUS, 0, 0, 0> &word, const ap_uint<BUS> &data, bool last) {
    word.data = data;
    word.keep = -1;
    word.strb = -1;
    word.last = last;
}

// A value from its units.
template <class L, class T> T join(const ap_uint<L::unit> units[L::units]) {
#pragma HLS INLINE
    ap_uint<L::lane> lane = 0;
    for (unsigned i = 0; i < L::units; i++) {
#pragma HLS UNROLL
        lane.range((i + 1) * L::unit - 1, i * L::unit) = units[i];
    }
    T value;
    value.range(L::width - 1, 0) = lane.range(L::width - 1, 0);
    return value;
}

// The units of a value.
template <class L, class T> void split(const T &value, ap_uint<L::unit> units[L::units]) {
#pragma HLS INLINE
    ap_uint<L::width> code = value.range(L::width - 1, 0);
    ap_uint<L::lane> lane = code;
    if (L::is_signed)
        lane = ap_int<L::lane>(ap_int<L::width>(code));
    for (unsigned i = 0; i < L::units; i++) {
#pragma HLS UNROLL
        units[i] = lane.range((i + 1) * L::unit - 1, i * L::unit);
    }
}

// Read one sample into an array, all of it at once, as the network takes it. Returns whether the last word ends the
// transfer, as TLAST says. Where a unit goes to depends on constants and the word's number only, so that each element
// hangs on few bits of a word.
template <class L, class Word, class T> bool take(hls::stream<Word> &from, T (&to)[L::values]) {
#pragma HLS INLINE
    T values[L::values];
#pragma HLS ARRAY_PARTITION variable=values complete
    ap_uint<L::unit> units[L::units];
#pragma HLS ARRAY_PARTITION variable=units complete
    bool last = false;
Words:
    for (unsigned w = 0; w < L::words; w++) {
#pragma HLS PIPELINE II=1
        const Word word = from.read();
        const ap_uint<L::unit * L::word_units> data = bits(word);
        last = is_last(word);
        for (unsigned i = 0; i < L::word_units; i++) {
#pragma HLS UNROLL
            const unsigned value = (w * L::word_units + i) / L::units, part = (w * L::word_units + i) % L::units;
            units[part] = data.range((i + 1) * L::unit - 1, i * L::unit);
            if (part == L::units - 1 && value < L::values)
                values[value] = join<L, T>(units);
        }
    }
Values:
    for (unsigned i = 0; i < L::values; i++) {
#pragma HLS UNROLL
        to[i] = values[i];
    }
    return last;
}

// Read one sample into a stream of packs of values: each step takes a word where a pack lacks values, and gives
// a pack where one is whole.
template <class L, class Word, class P> bool take(hls::stream<Word> &from, hls::stream<P> &to) {
#pragma HLS INLINE
    const unsigned pack_units = P::size * L::units;
    const unsigned packs = L::values / P::size;
    ap_uint<L::unit> units[pack_units + L::word_units];
#pragma HLS ARRAY_PARTITION variable=units complete
    bool last = false;
    unsigned held = 0;
Steps:
    for (unsigned step = 0; step < (packs > L::words ? packs : L::words); step++) {
#pragma HLS PIPELINE II=1
        if (held < pack_units) {
            const Word word = from.read();
            const ap_uint<L::unit * L::word_units> data = bits(word);
            last = is_last(word);
            for (unsigned i = 0; i < L::word_units; i++) {
#pragma HLS UNROLL
                units[held + i] = data.range((i + 1) * L::unit - 1, i * L::unit);
            }
            held += L::word_units;
        }
        if (held >= pack_units) {
            P pack;
            for (unsigned i = 0; i < P::size; i++) {
#pragma HLS UNROLL
                ap_uint<L::unit> own[L::units];
                for (unsigned j = 0; j < L::units; j++)
                    own[j] = units[i * L::units + j];
                pack[i] = join<L, typename P::value_type>(own);
            }
            to.write(pack);
            for (unsigned i = 0; i < L::word_units; i++) {
#pragma HLS UNROLL
                units[i] = units[i + pack_units];
            }
            held -= pack_units;
        }
    }
    return last;
}

// Write one sample from an array; `last` is asked at its last word, by when the inputs have been read whole.
template <class L, class Word, class T, class Last>
void give(const T (&from)[L::values], Last &last, hls::stream<Word> &to) {
#pragma HLS INLINE
Words:
    for (unsigned w = 0; w < L::words; w++) {
#pragma HLS PIPELINE II=1
        ap_uint<L::unit * L::word_units> data = 0;
        for (unsigned i = 0; i < L::word_units; i++) {
#pragma HLS UNROLL
            const unsigned value = (w * L::word_units + i) / L::units, part = (w * L::word_units + i) % L::units;
            if (value < L::values) {
                ap_uint<L::unit> units[L::units];
                split<L>(from[value], units);
                data.range((i + 1) * L::unit - 1, i * L::unit) = units[part];
            }
        }
        Word word;
        make_word(word, data, w + 1 == L::words ? last.read() : false);
        to.write(word);
    }
}

// Write one sample from a stream of packs: the reverse of `take`, with a step more for what the last pack leaves
// over of a word.
template <class L, class Word, class P, class Last>
void give(hls::stream<P> &from, Last &last, hls::stream<Word> &to) {
#pragma HLS INLINE
    const unsigned pack_units = P::size * L::units;
    const unsigned packs = L::values / P::size;
    ap_uint<L::unit> units[pack_units + L::word_units];
#pragma HLS ARRAY_PARTITION variable=units complete
    unsigned held = 0, taken = 0;
Steps:
    for (unsigned step = 0; step < (pack_units < L::word_units ? packs + 1 : L::words); step++) {
#pragma HLS PIPELINE II=1
        if (held < L::word_units && taken < packs) {
            const P pack = from.read();
            for (unsigned i = 0; i < P::size; i++) {
#pragma HLS UNROLL
                ap_uint<L::unit> own[L::units];
                split<L>(pack[i], own);
                for (unsigned j = 0; j < L::units; j++)
                    units[held + i * L::units + j] = own[j];
            }
            held += pack_units;
            taken++;
        }
        if (held >= L::word_units || (held && taken == packs)) {
            ap_uint<L::unit * L::word_units> data = 0;
            for (unsigned i = 0; i < L::word_units; i++) {
#pragma HLS UNROLL
                if (i < held)
                    data.range((i + 1) * L::unit - 1, i * L::unit) = units[i];
            }
            for (unsigned i = 0; i < pack_units; i++) {
#pragma HLS UNROLL
                units[i] = units[i + L::word_units];
            }
            held = held > L::word_units ? held - L::word_units : 0;
            Word word;
            make_word(word, data, !held && taken == packs ? last.read() : false);
            to.write(word);
        }
    }
}

// In place of a stream of flags where words carry none.
struct NeverLast {
    bool read() { return false; }
};

inline void write_all(bool) {}
template <class First, class... Rest> void write_all(bool flag, First &first, Rest &...rest) {
#pragma HLS INLINE
    first.write(flag);
    write_all(flag, rest...);
}

// The processes of a wrapper: one sample in, with TLAST passed on to every output ...
template <class L, class Word, class To, class... Lasts> void unpack(hls::stream<Word> &from, To &to, Lasts &...lasts) {
    const bool last = take<L>(from, to);
    write_all(last, lasts...);
}

// ... and one sample out.
template <class L, class Word, class From> void pack(From &from, hls::stream<bool> &last, hls::stream<Word> &to) {
    give<L>(from, last, to);
}
template <class L, class Word, class From> void pack(From &from, hls::stream<Word> &to) {
    NeverLast last;
    give<L>(from, last, to);
}

// Words of whole batches between memory and streams, in bursts.
template <class L, class Word> void read_words(const Word *from, unsigned samples, hls::stream<Word> &to) {
Words:
    for (unsigned i = 0; i < samples * L::words; i++) {
#pragma HLS PIPELINE II=1
        to.write(from[i]);
    }
}
template <class L, class Word> void write_words(hls::stream<Word> &from, unsigned samples, Word *to) {
Words:
    for (unsigned i = 0; i < samples * L::words; i++) {
#pragma HLS PIPELINE II=1
        to[i] = from.read();
    }
}

} // namespace accelgen

#endif
