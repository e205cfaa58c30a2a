# The network in its wrapper as a core, from the project's folder: vitis_hls -f board/hls.tcl, or
# vitis-run --mode hls --tcl board/hls.tcl. Writes @{product}.
file mkdir build/board
cd build/board
open_project -reset @{core}_prj
set_top @{core}
add_files ../../board/@{core}.cpp -cflags "-std=c++14"
add_files ../../firmware/@{top}.cpp -cflags "-std=c++14"
open_solution -reset -flow_target @{flow_target} solution1
set_part {@{part}}
create_clock -period @{clock_ns} -name default
set_clock_uncertainty @{clock_uncertainty}% default
config_compile -name_max_length 80
config_interface -m_axi_addr64
csynth_design
export_design @{export}
exit
