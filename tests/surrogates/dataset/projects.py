"""Small hand-made hls4ml projects, in the form of its writers."""

from pathlib import Path

from tests.reports.reports import RESOURCES, write_reports

DEFINES = """\
#define N_LAYER_2 3
#define N_LAYER_5 4

typedef ap_fixed<8,2> input_t;
typedef ap_fixed<18,9> fc1_accum_t;
typedef ap_fixed<16,4> layer2_t;
typedef ap_fixed<6,1> weight2_t;
typedef ap_fixed<16,4> layer3_t;
typedef ap_fixed<9,2> scale3_t;
typedef ap_ufixed<7,0,AP_RND_CONV,AP_SAT> layer4_t;
typedef ap_fixed<17,9> fc2_accum_t;
typedef ap_fixed<15,5> layer5_t;
typedef ap_int<3> weight5_t;
typedef ap_fixed<14,5> result_t;
"""


def dense(layer, index, n_in, n_out, reuse, nonzero, strategy="latency"):
    return f"""\
// {layer}
struct config{index} : nnet::dense_config {{
    static const unsigned n_in = {n_in};
    static const unsigned n_out = {n_out};
    static const unsigned io_type = nnet::io_parallel;
    static const unsigned strategy = nnet::{strategy};
    static const unsigned reuse_factor = {reuse};
    static const unsigned n_nonzeros = {nonzero};
    static const unsigned multiplier_limit = DIV_ROUNDUP(n_in * n_out, reuse_factor) - n_zeros / reuse_factor;
    typedef {layer}_accum_t accum_t;
    typedef weight{index}_t weight_t;
    template<class x_T, class y_T>
    using product = nnet::product::mult<x_T, y_T>;
}};
"""


PARAMETERS = f"""\
#include "ap_fixed.h"
{dense("fc1", 2, 2, "N_LAYER_2", 1, 5)}
// fc1_alpha
struct config3 : nnet::batchnorm_config {{
    static const unsigned n_in = N_LAYER_2;
    static const unsigned n_filt = -1;
    static const unsigned io_type = nnet::io_parallel;
    static const unsigned reuse_factor = 1;
    typedef scale3_t scale_t;
}};

// relu1
struct relu_config4 : nnet::activ_config {{
    static const unsigned n_in = 3;
    static const unsigned table_size = 1024;
    static const unsigned reuse_factor = 1;
}};
{dense("fc2", 5, 3, 4, 6, 12, "resource")}
// softmax
struct softmax_config6 : nnet::activ_config {{
    static const unsigned n_in = 4;
    static const unsigned table_size = 2048;
    static const unsigned reuse_factor = 6;
}};
"""
CONFIGURATION = """\
Backend: Vitis
ClockPeriod: 10
KerasModel: !keras_model 'model.h5'
HLSConfig:
  Model: {ReuseFactor: 99}
"""
TCL = """\
variable clock_uncertainty
set clock_uncertainty 12.5%
set backend "vivado"
"""
FUNCTIONS = {
    "dense_latency_ap_fixed_8_2_5_3_0_config2_s": {**RESOURCES, "LUT": 200},
    "softmax_stable_softmax_config6_s": {**RESOURCES, "LUT": 70},
}


def write_project(folder: Path, parameters=PARAMETERS, defines=DEFINES, configuration=CONFIGURATION):
    """A project of five layers with its reports."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "parameters.h").write_text(parameters)
    (folder / "defines.h").write_text(defines)
    (folder / "hls4ml_config.yml").write_text(configuration)
    (folder / "project.tcl").write_text(TCL)
    write_reports(folder / "reports", "myproject", FUNCTIONS)
    return folder
