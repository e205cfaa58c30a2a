# The network in its wrapper as a core, for @{use}.
source ../../flow/settings.tcl

attempt {
    open_project -reset ${top}_axi_prj
    set_top ${top}_axi
    add_files ../../board/${top}_axi.cpp -cflags "-std=c++14"
    add_files ../../firmware/$top.cpp -cflags "-std=c++14"
    open_solution -reset -flow_target @{flow_target} solution1
    set_part $part
    create_clock -period $clock_ns -name default
    set_clock_uncertainty $clock_uncertainty default
    config_compile -name_max_length 80@{pipelines}
    config_interface -m_axi_addr64
    csynth_design
    export_design @{export}
}
