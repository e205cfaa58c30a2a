#ifndef ACCELGEN_EMBEDDING_H_
#define ACCELGEN_EMBEDDING_H_

#include "accelgen_common.h"

namespace accelgen {

// The row of a table that a number picks: rounded down, and the nearest one where there is none of it.
template <class T, typename CONFIG_T> unsigned table_row(const T &value) {
    if (value < 0)
        return 0;
    if (value >= CONFIG_T::n_rows)
        return CONFIG_T::n_rows - 1;
    return ap_ufixed<32, 32>(value).to_uint();
}

// Element i of a row. A config gives n_in, n_rows, n_out, table_t and code(i), the raw bits of the table.
template <class CONFIG_T> typename CONFIG_T::table_t table_entry(unsigned row, unsigned i) {
    #pragma HLS INLINE
    return from_code<typename CONFIG_T::table_t>(CONFIG_T::code(row * CONFIG_T::n_out + i));
}

template <class data_T, class res_T, typename CONFIG_T>
void embedding(data_T data[CONFIG_T::n_in], res_T res[CONFIG_T::n_in * CONFIG_T::n_out]) {
    for (unsigned j = 0; j < CONFIG_T::n_in; j++) {
        #pragma HLS UNROLL
        const unsigned row = table_row<data_T, CONFIG_T>(data[j]);
        for (unsigned i = 0; i < CONFIG_T::n_out; i++) {
            #pragma HLS UNROLL
            res[j * CONFIG_T::n_out + i] = table_entry<CONFIG_T>(row, i);
        }
    }
}

template <class data_T, class res_T, typename CONFIG_T>
void embedding(hls::stream<data_T> &data, hls::stream<res_T> &res) {
    for (unsigned k = 0; k < CONFIG_T::n_in / data_T::size; k++) {
        data_T pack = data.read();
        for (unsigned j = 0; j < data_T::size; j++) {
            #pragma HLS PIPELINE
            const unsigned row = table_row<typename data_T::value_type, CONFIG_T>(pack[j]);
            res_T out;
            for (unsigned i = 0; i < CONFIG_T::n_out; i++) {
                #pragma HLS UNROLL
                out[i] = table_entry<CONFIG_T>(row, i);
            }
            res.write(out);
        }
    }
}

} // namespace accelgen

#endif
