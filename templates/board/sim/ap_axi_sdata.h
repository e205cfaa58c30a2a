#ifndef AP_AXI_SDATA_SIM_H
#define AP_AXI_SDATA_SIM_H

// What accelgen's wrapper uses of Vitis HLS's header of this name, for g++: words of AXI4-Stream without side
// channels (AMD UG1399, "AXI4-Stream Interfaces with Side-Channels").

#include "ap_int.h"

template <int D, int U, int TI, int TD> struct ap_axiu {
    static_assert(U == 0 && TI == 0 && TD == 0, "no side channels");
    ap_uint<D> data;
    ap_uint<(D + 7) / 8> keep;
    ap_uint<(D + 7) / 8> strb;
    ap_uint<1> last;
};

#endif
