# Logic synthesis of the network alone, out of context: no buffers at its ports.
source ../../flow/settings.tcl
source ../../flow/reports.tcl

attempt {
    file mkdir reports
    set verilog ../csynth/${top}_prj/solution1/syn/verilog
    set_part $part
    read_verilog [glob $verilog/*.v]
    # constants of ROMs
    set data [glob -nocomplain $verilog/*.dat]
    if {[llength $data]} {
        read_mem $data
    }
    read_xdc ../../flow/clock.xdc
    synth_design -top $top -part $part -mode out_of_context {*}[directive synth]
    write_checkpoint -force synth.dcp
    write_reports synth
}
