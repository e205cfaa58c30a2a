# Simulation of the RTL by the testbench, which compares with the golden vectors.
source ../../flow/settings.tcl

attempt {
    file delete -force tb_data
    file copy ../../tb_data tb_data

    open_project ${top}_prj
    open_solution solution1
    cosim_design -rtl verilog
}
