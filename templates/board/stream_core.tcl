# The core and an AXI DMA for each pair of an input and an output. Lists what else has to be connected.
proc add_core {} {
    upvar #0 controlled controlled masters masters clocked clocked resets resets interrupts interrupts
    set inputs @{n_inputs}
    set outputs @{n_outputs}
    create_bd_cell -type ip -vlnv accelgen:hls:${::top}_axi core
    lappend clocked core/ap_clk
    lappend resets core/ap_rst_n
    for {set i 0} {$i < max($inputs, $outputs)} {incr i} {
        set dma [create_bd_cell -type ip -vlnv xilinx.com:ip:axi_dma dma_$i]
        # simple transfers of up to 64 MB
        set_property -dict [list \
            CONFIG.c_include_sg 0 \
            CONFIG.c_sg_include_stscntrl_strm 0 \
            CONFIG.c_sg_length_width 26 \
            CONFIG.c_addr_width $::address_bits \
            CONFIG.c_include_mm2s [expr {$i < $inputs}] \
            CONFIG.c_include_s2mm [expr {$i < $outputs}]] $dma
        lappend controlled dma_$i/S_AXI_LITE
        lappend clocked dma_$i/s_axi_lite_aclk
        lappend resets dma_$i/axi_resetn
        if {$i < $inputs} {
            set_property -dict [list \
                CONFIG.c_m_axis_mm2s_tdata_width @{bus_bits} \
                CONFIG.c_m_axi_mm2s_data_width @{memory_bits}] $dma
            connect_bd_intf_net [get_bd_intf_pins dma_$i/M_AXIS_MM2S] [get_bd_intf_pins core/in$i]
            lappend masters dma_$i/M_AXI_MM2S
            lappend clocked dma_$i/m_axi_mm2s_aclk
            lappend interrupts dma_$i/mm2s_introut
        }
        if {$i < $outputs} {
            set_property -dict [list \
                CONFIG.c_s_axis_s2mm_tdata_width.VALUE_SRC USER \
                CONFIG.c_s_axis_s2mm_tdata_width @{bus_bits} \
                CONFIG.c_m_axi_s2mm_data_width @{memory_bits}] $dma
            connect_bd_intf_net [get_bd_intf_pins core/out$i] [get_bd_intf_pins dma_$i/S_AXIS_S2MM]
            lappend masters dma_$i/M_AXI_S2MM
            lappend clocked dma_$i/m_axi_s2mm_aclk
            lappend interrupts dma_$i/s2mm_introut
        }
    }
}
