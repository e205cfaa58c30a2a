# The stand-in for Vitis HLS: what its commands do to the files of a project.

foreach name {standin figures csynth} {
    source -encoding utf-8 [file join [file dirname [file normalize [info script]]] $name.tcl]
}

namespace eval hls {
    variable project ""
    variable solution ""
    variable memory [dict create] ;# what a project remembers from one run of the tool to the next
}

proc hls::remember {name value} {
    variable project
    variable memory
    dict set memory $name $value
    set channel [open [file join $project hls.app] w]
    fconfigure $channel -encoding utf-8
    puts $channel $memory
    close $channel
}

proc hls::recall {name {default ""}} {
    variable memory
    return [expr {[dict exists $memory $name] ? [dict get $memory $name] : $default}]
}

proc hls::open_project {options arguments} {
    variable project [lindex $arguments 0]
    variable memory [dict create]
    if {[dict exists $options -reset]} { file delete -force -- $project }
    file mkdir $project
    if {[file exists [file join $project hls.app]]} {
        set memory [standin::read [file join $project hls.app]]
        foreach fact {top source testbench} { if {[dict exists $memory $fact]} { strict::let $fact } }
    }
}

proc hls::open_solution {options arguments} {
    variable project
    variable solution [file join $project [lindex $arguments 0]]
    if {[dict exists $options -reset]} {
        file delete -force -- $solution
        remember synthesis 0
    }
    file mkdir $solution
    foreach fact {part clock} { if {[recall $fact] ne ""} { strict::let $fact } }
    if {[recall synthesis 0]} { strict::let synthesis }
}

proc hls::add_files {options arguments} {
    set what [expr {[dict exists $options -tb] ? "testbench" : "source"}]
    set files [recall $what]
    foreach list $arguments { foreach file $list { lappend files $file } }
    remember $what $files
}

proc hls::create_clock {options arguments} {
    remember clock [lindex [dict get $options -period] 0]
    remember uncertainty 27%
}

proc hls::design {} {
    set period [recall clock]
    set uncertainty [recall uncertainty 27%]
    if {[regexp {^(.*)%$} $uncertainty -> percent]} { set uncertainty [expr {$period * $percent / 100.0}] }
    return [dict create period $period part [recall part] uncertainty [format %.2f $uncertainty]]
}

proc hls::figures {} {
    set source [lindex [recall source] 0]
    set parameters [file join [file dirname $source] parameters.h]
    set text [expr {[file exists $parameters] ? [standin::read $parameters] : ""}]
    return [figures::of [recall top] [standin::read $source] $text [recall clock]]
}

proc hls::csynth_design {options arguments} {
    variable solution
    set mood [standin::begin csynth]
    set top [recall top]
    set design [design]
    set functions [figures]
    set folder [file join $solution syn report]
    set modules ""
    dict for {name own} $functions {
        if {$name ne $top} {
            append modules [csynth::module $name $own $design]
            standin::write $mood [file join $folder ${name}_csynth.xml] [csynth::report $name $own $design]
        }
    }
    set whole [dict get $functions $top]
    standin::write $mood [file join $folder ${top}_csynth.xml] [csynth::report $top $whole $design]
    standin::write $mood [file join $folder csynth.xml] \
        [csynth::report $top $whole $design "<ModuleInformation>\n$modules</ModuleInformation>\n"]
    standin::write $mood [file join $solution syn verilog $top.v] "module $top (input ap_clk);\nendmodule\n"
    standin::end $mood
    remember synthesis 1
}

# The layout of Vitis HLS 2020.2 to 2023.2.
proc hls::cosim_report {top cycles} {
    set narrow [string repeat - 10]
    set wide [string repeat - 15]
    set rule "+$narrow+$narrow[string repeat +$wide 6]+[string repeat - 22]+"
    set group [string repeat - 47]
    set absent [format {|%10s|%10s} VHDL NA]
    set found [format {|%10s|%10s} Verilog Pass]
    foreach count [lrange $cycles 0 5] {
        append absent [format {|%15s} NA]
        append found [format {|%15s} $count]
    }
    append absent [format {|%22s|} NA]
    append found [format {|%22s|} [lindex $cycles 6]]
    set heads [string repeat [format {|%15s|%15s|%15s} min avg max] 2]
    return [join [list "" \
        "Report time       : Sat Jan  6 12:00:00 UTC 2024." \
        "Solution          : solution1." \
        "Simulation tool   : xsim." \
        "" \
        "+$narrow+$narrow+$group+$group+[string repeat - 22]+" \
        [format {|%10s|%10s|%-47s|%-47s|%22s|} "" "" "    Latency(Clock Cycles)" \
            "    Interval(Clock Cycles)" "Total Execution Time"] \
        "+   RTL    +  Status  +$group+$group+    (Clock Cycles)    +" \
        "|          |          $heads|                      |" \
        $rule $absent $rule $found $rule ""] \n]
}

proc hls::cosim_design {options arguments} {
    variable solution
    set mood [standin::begin cosim]
    set top [recall top]
    set whole [dict get [figures] $top]
    foreach name {latency interval} {
        foreach statistic {min avg max} { lappend cycles [dict get $whole $name] }
    }
    set samples 10
    lappend cycles [expr {[dict get $whole latency] + ($samples - 1) * [dict get $whole interval]}]
    standin::write $mood [file join $solution sim report ${top}_cosim.rpt] [cosim_report $top $cycles]
    standin::end $mood
}

proc hls::export_design {options arguments} {
    variable solution
    set mood [standin::begin export]
    set top [recall top]
    standin::write $mood [file join $solution impl ip component.xml] "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<spirit:component>\n<spirit:name>$top</spirit:name>\n</spirit:component>\n"
    if {[dict exists $options -output]} {
        standin::write $mood [lindex [dict get $options -output] 0] "PK stand-in"
    }
    standin::write $mood [file join $solution impl export.zip] "PK stand-in"
    standin::end $mood
}

proc hls::main {title script arguments} {
    variable project
    strict::load vitis_hls $standin::version
    foreach command {open_project open_solution add_files create_clock csynth_design cosim_design export_design} {
        strict::on $command hls::$command
    }
    strict::on set_top {apply {{options arguments} { hls::remember top [lindex $arguments 0] }}}
    strict::on set_part {apply {{options arguments} { hls::remember part [lindex $arguments 0] }}}
    strict::on set_clock_uncertainty {apply {{options arguments} {
        hls::remember uncertainty [lindex $arguments 0]
    }}}
    puts [standin::banner $title]
    strict::run $script $arguments
}
