# What the stand-in for Vivado does in a project with a block design: nothing is placed, files appear.
# STANDIN_BOARD_PARTS are the board files that are installed, STANDIN_SLACK what timing has left.

namespace eval board {
    variable mood ok
    variable run ""
}

proc board::get_board_parts {options arguments} {
    return [lsearch -all -inline -glob [standin::env STANDIN_BOARD_PARTS {}] [lindex $arguments 0]]
}

proc board::create_project {options arguments} {
    variable run
    lassign $arguments name folder
    file mkdir $folder
    set run $folder/$name.runs/impl_1
}

# A run that fails ends before its last step, and the script goes on.
proc board::launch_runs {options arguments} {
    variable mood [standin::mood bitstream]
    variable run
    if {$mood eq "fail"} return
    set mood [standin::begin bitstream]
    standin::write $mood $run/system_wrapper.bit [string repeat "bits " 100]
    set handoff [string map {.runs/impl_1 .gen} $run]/sources_1/bd/system/hw_handoff/system.hwh
    standin::write $mood $handoff "<?xml version=\"1.0\"?>\n<EDKSYSTEM>\n</EDKSYSTEM>\n"
}

proc board::get_property {options arguments} {
    variable mood
    variable run
    lassign $arguments name object
    return [dict get [dict create PROGRESS [expr {$mood eq "fail" ? "40%" : "100%"}] STATUS "route_design ERROR" \
        SLACK [standin::env STANDIN_SLACK 0.25] DIRECTORY $run] $name]
}

proc board::open_run {options arguments} {
    variable mood
    set figures [dict create LUT 5000 FF 6000 DSP 20 BRAM_18K 8 URAM 0]
    set ::vivado::design [dict create period 10 state Routed mood $mood top system_wrapper part part \
        functions [dict create system_wrapper $figures]]
}

proc board::write_hw_platform {options arguments} {
    variable mood
    standin::write $mood [lindex [dict get $options -file] 0] [string repeat "platform " 100]
}

proc board::handle {} {
    foreach command {create_project get_board_parts get_property launch_runs open_run write_hw_platform} {
        strict::on $command board::$command
    }
}
