# C synthesis. The testbench and its data are for cosim.tcl.
source ../../flow/settings.tcl

attempt {
    # links, so that the project is as if it were in the folder of the Makefile
    foreach name {firmware testbench.cpp accelgen_run.h} {
        file delete $name
        file link -symbolic $name ../../$name
    }
    file delete -force tb_data
    file copy ../../tb_data tb_data

    open_project -reset ${top}_prj
    set_top $top
    add_files firmware/$top.cpp -cflags "-std=c++14"
    add_files -tb testbench.cpp -cflags "-std=c++14"
    add_files -tb tb_data
    open_solution -reset solution1
    set_part $part
    create_clock -period $clock_ns -name default
    set_clock_uncertainty $clock_uncertainty default
    config_compile -name_max_length 80
    csynth_design
}
