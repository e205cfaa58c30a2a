# Place and route of what vivado-synth.tcl left, with timing.
source ../../flow/settings.tcl
source ../../flow/reports.tcl

attempt {
    open_checkpoint synth.dcp
    opt_design {*}[directive opt]
    place_design {*}[directive place]
    phys_opt_design {*}[directive phys_opt]
    route_design {*}[directive route]
    write_checkpoint -force impl.dcp
    write_reports impl
}
