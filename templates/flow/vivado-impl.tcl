# Place and route of what vivado-synth.tcl left, with timing.
source ../../flow/settings.tcl
source ../../flow/reports.tcl

attempt {
    if {[catch {open_checkpoint synth.dcp} message]} {
        file delete ../vivado-synth.done
        error "$message; build/vivado/synth.dcp is not whole, and the next make makes it again"
    }
    opt_design {*}[directive opt]
    place_design {*}[directive place]
    phys_opt_design {*}[directive phys_opt]
    route_design {*}[directive route]
    write_checkpoint -force impl.dcp
    write_reports impl
}
