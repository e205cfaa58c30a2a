# A block design around the core of board-core.tcl, and its bitstream: build/bitstream/@{top}.bit, .hwh and .xsa, with
# reports beside them. JOBS in the environment says how many processes may run at once.
source ../../flow/settings.tcl

set jobs [expr {[info exists ::env(JOBS)] ? $::env(JOBS) : 4}]
set controlled [list] ;# AXI4-Lite slaves that the drivers write to
set masters [list]    ;# AXI4 masters that reach memory
set clocked [list]    ;# pins of the one clock, clock/clk_out1, that the core asks for
set resets [list]     ;# pins that a 0 resets
set interrupts [list]

@{processing_system}
@{core_system}
proc connect {from args} {
    foreach to $args { connect_bd_net [get_bd_pins $from] [get_bd_pins $to] }
}

proc add_interconnect {name sources sinks} {
    upvar #0 clocked clocked resets resets
    set cell [create_bd_cell -type ip -vlnv xilinx.com:ip:$::interconnect $name]
    set_property -dict [list CONFIG.NUM_SI [llength $sources] CONFIG.NUM_MI [llength $sinks]] $cell
    set parts [list {}]
    foreach kind {S M} pins [list $sources $sinks] {
        set number 0
        foreach pin $pins {
            set part [format %s%02d_ $kind $number]
            connect_bd_intf_net [get_bd_intf_pins $name/${part}AXI] [get_bd_intf_pins $pin]
            lappend parts $part
            incr number
        }
    }
    if {$::interconnect eq "smartconnect"} {
        lappend clocked $name/aclk
        lappend resets $name/aresetn
    } else {
        foreach part $parts {
            lappend clocked $name/${part}ACLK
            lappend resets $name/${part}ARESETN
        }
    }
}

attempt {
    create_project -force system vivado -part $part
    set board [lindex [get_board_parts -quiet -latest_file_version {*:@{board_files}:part0:*}] 0]
    if {$board ne ""} {
        set_property board_part $board [current_project]
    } else {
        puts "WARNING: Vivado has no board files of @{board_files}, so memory and pins are not set: enough where a\
            system runs that set them, not for bare metal."
    }
    set_property ip_repo_paths [list ${top}_axi_prj/solution1/impl/ip] [current_project]
    update_ip_catalog
    create_bd_design system

    add_processing_system [expr {$board ne ""}]
    add_core

    # PYNQ hands interrupts on that come through such a controller to the first line of the processor (its manual,
    # "Interrupt"); it also takes more of them than pl_ps_irq0 is wide.
    create_bd_cell -type ip -vlnv xilinx.com:ip:axi_intc interrupt_controller
    set_property CONFIG.C_IRQ_CONNECTION 1 [get_bd_cells interrupt_controller]
    lappend clocked interrupt_controller/s_axi_aclk
    lappend resets interrupt_controller/s_axi_aresetn

    add_interconnect control [list $ps_control] [concat $controlled interrupt_controller/s_axi]
    add_interconnect memory $masters [list $ps_memory]

    create_bd_cell -type ip -vlnv xilinx.com:ip:clk_wiz clock
    set_property -dict [list \
        CONFIG.PRIM_SOURCE No_buffer \
        CONFIG.CLKOUT1_REQUESTED_OUT_FREQ @{clock_mhz} \
        CONFIG.USE_RESET false \
        CONFIG.USE_LOCKED true] [get_bd_cells clock]
    connect $ps_clock clock/clk_in1
    create_bd_cell -type ip -vlnv xilinx.com:ip:proc_sys_reset reset
    connect $ps_reset reset/ext_reset_in
    connect clock/locked reset/dcm_locked
    connect clock/clk_out1 reset/slowest_sync_clk {*}$ps_clocked {*}$clocked
    connect reset/peripheral_aresetn {*}$resets

    create_bd_cell -type ip -vlnv xilinx.com:ip:xlconcat interrupts
    set_property CONFIG.NUM_PORTS [llength $interrupts] [get_bd_cells interrupts]
    set number 0
    foreach pin $interrupts {
        connect $pin interrupts/In$number
        incr number
    }
    connect interrupts/dout interrupt_controller/intr
    connect interrupt_controller/irq $ps_interrupts

    # Where the drivers look for them: driver/network.hpp has the same addresses. The rest may be anywhere.
    set address @{control_base}
    foreach slave $controlled {
        assign_bd_address -offset [format 0x%08x $address] -range 64K \
            -target_address_space [get_bd_addr_spaces ps/Data] [get_bd_addr_segs $slave/Reg]
        incr address 0x10000
    }
    assign_bd_address
    validate_bd_design
    save_bd_design

    make_wrapper -files [get_files system.bd] -top -import
    set_property top system_wrapper [current_fileset]
    update_compile_order -fileset sources_1
    launch_runs impl_1 -to_step write_bitstream -jobs $jobs
    wait_on_run impl_1
    if {[get_property PROGRESS [get_runs impl_1]] ne "100%"} {
        error "the implementation failed: [get_property STATUS [get_runs impl_1]]; its log is\
            [get_property DIRECTORY [get_runs impl_1]]/runme.log"
    }

    file mkdir ../bitstream
    open_run impl_1
    report_utilization -file ../bitstream/utilization.rpt
    report_utilization -hierarchical -hierarchical_depth 4 -file ../bitstream/utilization_hierarchical.rpt
    report_timing_summary -file ../bitstream/timing_summary.rpt
    foreach check {setup hold} {
        set slack [get_property SLACK [get_timing_paths -$check -max_paths 1]]
        if {$slack < 0} {
            error "timing is not met: the $check slack is $slack ns at @{clock_mhz} MHz\
                (build/bitstream/timing_summary.rpt); build the project for a longer clock period"
        }
    }
    set handoff [glob vivado/system.*/sources_1/bd/system/hw_handoff/system.hwh]
    write_hw_platform -fixed -force -include_bit -file ../bitstream/$top.xsa
    file copy -force [lindex $handoff 0] ../bitstream/$top.hwh
    file copy -force [get_property DIRECTORY [get_runs impl_1]]/system_wrapper.bit ../bitstream/$top.bit
}
