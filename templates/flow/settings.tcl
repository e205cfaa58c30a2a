# What the design says. Every script runs in build/csynth or build/vivado; Tcl 8.5 does.
set top @{top}
set network @{network}
set part @{part}
set clock_ns @{clock_ns}
set clock_uncertainty @{clock_uncertainty}%
array set directives {@{directives}}

# The -directive of a step of Vivado, nothing where the design leaves it open: opt_design {*}[directive opt]
proc directive {step} {
    global directives
    if {[info exists directives($step)]} {
        return [list -directive $directives($step)]
    }
    return {}
}

# Run a script to its end, and with it the tool, which otherwise might wait for more.
proc attempt {script} {
    if {[catch {uplevel #0 $script}]} {
        puts stderr "ERROR: $::errorInfo"
        exit 1
    }
    exit 0
}
