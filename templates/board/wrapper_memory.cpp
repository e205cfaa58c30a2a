// @{top} behind AXI4 masters: reads `samples` samples of each input from memory and writes as many of each
// output. Addresses and `samples` are registers of the AXI4-Lite slave `control`.

#include "@{core}.h"

#include "../firmware/@{top}.h"

static void infer(
    unsigned samples,
    @{streams}
) {
Samples:
    for (unsigned sample = 0; sample < samples; sample++) {
#pragma HLS DATAFLOW
@{variables}@{unpack}        @{top}(@{arguments});
@{pack}    }
}

void @{core}(
    @{ports}
) {
@{interfaces}#pragma HLS INTERFACE s_axilite port=samples bundle=control
#pragma HLS INTERFACE s_axilite port=return bundle=control
#pragma HLS DATAFLOW
@{word_streams}@{reads}    infer(samples, @{word_stream_names});
@{writes}}
