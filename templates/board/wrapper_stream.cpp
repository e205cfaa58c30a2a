// @{top} behind AXI4-Stream: one sample of each input gives one sample of each output, for ever. The TLAST of
// the first input's last word goes on to the last word of every output, so that a transfer of many samples to
// the network ends those from it.

#include "@{core}.h"

#include "../firmware/@{top}.h"

void @{core}(
    @{ports}
) {
@{interfaces}
#pragma HLS INTERFACE ap_ctrl_none port=return
#pragma HLS DATAFLOW
@{variables}@{unpack}    @{top}(@{arguments});
@{pack}}
