# The reports of a stage of Vivado: reports/utilization_<stage>.rpt ...
proc write_reports {stage} {
    report_utilization -file reports/utilization_$stage.rpt
    # functions, and those that they call
    report_utilization -hierarchical -hierarchical_depth 4 -file reports/utilization_hierarchical_$stage.rpt
    report_timing_summary -file reports/timing_summary_$stage.rpt
}
