# Figures of a design made from its sources: nothing real, but the same for the same sources, larger for larger
# layers, and what a function holds is part of what the top function holds.

namespace eval figures {
    variable resources {BRAM_18K DSP FF LUT URAM}
    variable available {BRAM_18K 280 DSP 220 FF 106400 LUT 53200 URAM 0}
}

# The constant `name` of a struct of parameters.h, 1 where it has none.
proc figures::constant {struct name} {
    if {[regexp " $name = (\\d+);" $struct -> value]} { return $value }
    return 1
}

# The text of a struct of parameters.h; found without a regular expression, of which large files make slow work.
proc figures::struct {parameters name} {
    set start [string first "struct $name " $parameters]
    if {$start < 0} { return "" }
    return [string range $parameters $start [string first "\n\};" $parameters $start]]
}

# The layers' functions that the top function calls: {name config} of each, in order.
proc figures::calls {source} {
    set calls [list]
    foreach line [split $source \n] {
        if {[regexp {(\w+)<.*\m(\w*config\d+)>\(} $line - function config]} {
            lappend calls [list ${function}_${config}_s $config]
        }
    }
    return $calls
}

# Every function's figures: name -> {LUT .. FF .. latency .. interval .. clock ..}. The top function is the last.
# STANDIN_FIGURES sets those of the top function: "LUT=1200 DSP=3 latency=12".
proc figures::of {top source parameters period} {
    variable resources
    set functions [dict create]
    foreach name $resources { set sum($name) 0 }
    set latency 1
    set interval 1
    foreach call [calls $source] {
        lassign $call name config
        set struct [struct $parameters $config]
        set products [expr {[constant $struct n_in] * [constant $struct n_out]}]
        set reuse [constant $struct reuse_factor]
        set shared [expr {($products + $reuse - 1) / $reuse}]
        set own [dict create BRAM_18K [expr {$reuse > 1 ? $shared / 32 : 0}] DSP [expr {$shared / 8}] \
            FF [expr {60 + 9 * $shared}] LUT [expr {80 + 14 * $shared}] URAM 0]
        foreach resource $resources { incr sum($resource) [dict get $own $resource] }
        set steps [expr {$reuse + 3}]
        incr latency $steps
        set interval [expr {max($interval, $reuse)}]
        dict set functions $name [dict merge $own [dict create \
            latency $steps interval $reuse clock [format %.3f [expr {0.7 * $period}]]]]
    }
    set whole [dict create latency $latency interval $interval clock [format %.3f [expr {0.73 * $period}]]]
    foreach resource $resources { dict set whole $resource $sum($resource) }
    dict incr whole LUT 40
    foreach setting [standin::env STANDIN_FIGURES ""] {
        lassign [split $setting =] name value
        dict set whole $name $value
    }
    dict set functions $top $whole
    return $functions
}
