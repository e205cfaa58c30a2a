# The core, an AXI4 master for each input and output. Lists what else has to be connected.
proc add_core {} {
    upvar #0 controlled controlled masters masters clocked clocked resets resets interrupts interrupts
    create_bd_cell -type ip -vlnv accelgen:hls:${::top}_axi core
    lappend controlled core/s_axi_control
    lappend clocked core/ap_clk
    lappend resets core/ap_rst_n
    lappend interrupts core/interrupt
    for {set i 0} {$i < @{n_inputs} + @{n_outputs}} {incr i} {
        lappend masters core/m_axi_gmem$i
    }
}
