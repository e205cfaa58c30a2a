# C synthesis with Vitis HLS: vitis-run --mode hls --tcl synth.tcl
open_project -reset @{top}_prj
set_top @{top}
add_files firmware/@{top}.cpp -cflags "-std=c++14"
add_files -tb testbench.cpp -cflags "-std=c++14"
add_files -tb tb_data
open_solution -reset solution1
set_part {@{part}}
create_clock -period @{clock_ns} -name default
set_clock_uncertainty @{clock_uncertainty}% default
config_compile -name_max_length 80
catch {config_array_partition -maximum_size 4096}
csynth_design
exit
