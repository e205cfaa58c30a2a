# The stand-in for Vivado without projects: sources, constraints, synthesis, place and route, reports.

foreach name {standin figures reports board} {
    source -encoding utf-8 [file join [file dirname [file normalize [info script]]] $name.tcl]
}

namespace eval vivado {
    variable design [dict create period 10 state "" mood ok top "" part "" functions {}]
}

# Constraints are Tcl of their own few commands; here with the strict interpreter's.
proc vivado::read_xdc {options arguments} {
    variable design
    set child [interp create]
    foreach name {create_clock get_ports} { $child alias $name strict::call $name }
    foreach path $arguments { $child eval [list source $path] }
    interp delete $child
}

proc vivado::create_clock {options arguments} {
    variable design
    dict set design period [lindex [dict get $options -period] 0]
}

# Figures come from the reports of C synthesis beside the sources, where there are some.
proc vivado::read_verilog {options arguments} {
    variable design
    set folder [file join [file dirname [lindex [lindex $arguments 0] 0]] .. report]
    set functions [dict create]
    foreach path [lsort [glob -nocomplain -directory $folder *_csynth.xml]] {
        set text [standin::read $path]
        set own [dict create]
        regexp {<Resources>(.*?)</Resources>} $text -> resources
        foreach name $figures::resources {
            set count 0
            regexp "<$name>(\\d+)</$name>" $resources -> count
            dict set own $name $count
        }
        dict set functions [string range [file tail $path] 0 end-11] $own
    }
    dict set design functions $functions
}

proc vivado::synth_design {options arguments} {
    variable design
    dict set design top [lindex [dict get $options -top] 0]
    dict set design part [lindex [dict get $options -part] 0]
    dict set design mood [standin::begin vivado-synth]
    # logic synthesis finds what C synthesis overestimates
    set functions [dict create]
    dict for {name own} [dict get $design functions] {
        dict set own LUT [expr {[dict get $own LUT] * 7 / 10}]
        dict set own FF [expr {[dict get $own FF] * 8 / 10}]
        dict set functions $name $own
    }
    dict set design functions $functions
    dict set design state Synthesized
}

proc vivado::write_checkpoint {options arguments} {
    variable design
    standin::write [dict get $design mood] [lindex $arguments 0] $design
}

proc vivado::open_checkpoint {options arguments} {
    variable design [standin::read [lindex $arguments 0]]
    dict set design mood ok
}

proc vivado::route_design {options arguments} {
    variable design
    dict set design mood [standin::begin vivado-impl]
    dict set design state Routed
}

proc vivado::report_utilization {options arguments} {
    variable design
    dict with design {
        if {[dict exists $options -hierarchical]} {
            set text [reports::hierarchical $top $part $state $functions]
        } else {
            set text [reports::utilization $top $part $state [dict get $functions $top]]
        }
        standin::write $mood [lindex [dict get $options -file] 0] $text
    }
}

proc vivado::report_timing_summary {options arguments} {
    variable design
    dict with design {
        set slack [standin::env STANDIN_SLACK [expr {$period * 0.1}]]
        standin::write $mood [lindex [dict get $options -file] 0] [reports::timing $top $part $state $period $slack]
        standin::end $mood
    }
}

proc vivado::main {script arguments} {
    strict::load vivado $standin::version
    foreach command {
        create_clock open_checkpoint read_verilog read_xdc report_timing_summary report_utilization route_design
        synth_design write_checkpoint
    } {
        strict::on $command vivado::$command
    }
    board::handle
    strict::on version {apply {{options arguments} { return $standin::version }}}
    puts [standin::banner Vivado]
    strict::run $script $arguments
}
