# Reports of C synthesis in the form of Vitis HLS 2021.1 to 2023.2: elements and their order as in real ones.

namespace eval csynth {}

proc csynth::elements {pairs} {
    set text ""
    foreach {name value} $pairs { append text "<$name>$value</$name>\n" }
    return $text
}

proc csynth::real_time {cycles period} {
    return [format "%.3f ns" [expr {$cycles * $period}]]
}

proc csynth::latency {figures period} {
    set cycles [dict get $figures latency]
    set time [real_time $cycles $period]
    set interval [dict get $figures interval]
    return [list Best-caseLatency $cycles Average-caseLatency $cycles Worst-caseLatency $cycles \
        Best-caseRealTimeLatency $time Average-caseRealTimeLatency $time Worst-caseRealTimeLatency $time \
        PipelineInitiationInterval $interval PipelineDepth [expr {$cycles + 1}]]
}

proc csynth::resources {figures} {
    set pairs [list]
    foreach name $figures::resources { lappend pairs $name [dict get $figures $name] }
    return $pairs
}

# A function's entry in csynth.xml, which has what is used, what there is and the share.
proc csynth::module {name figures design} {
    set period [dict get $design period]
    set used [list]
    foreach resource $figures::resources {
        set count [dict get $figures $resource]
        set limit [dict get $figures::available $resource]
        set short [string map {BRAM_18K BRAM} $resource]
        lappend used $resource $count AVAIL_$short $limit UTIL_$short [expr {$limit ? 100 * $count / $limit : 0}]
    }
    set timing [list TargetClockPeriod [format %.2f $period] ClockUncertainty [dict get $design uncertainty] \
        EstimatedClockPeriod [dict get $figures clock]]
    return "<Module>\n<Name>$name</Name>\n<PerformanceEstimates>\n<SummaryOfTimingAnalysis>\n[elements $timing]</SummaryOfTimingAnalysis>\n<SummaryOfOverallLatency>\n[elements [latency $figures $period]]<PipelineType>yes</PipelineType>\n</SummaryOfOverallLatency>\n</PerformanceEstimates>\n<AreaEstimates>\n<Resources>\n[elements $used]</Resources>\n</AreaEstimates>\n</Module>\n"
}

# The report of one function; `modules` follows in csynth.xml only.
proc csynth::report {name figures design {modules ""}} {
    set period [dict get $design period]
    set interval [dict get $figures interval]
    set user [list unit ns ProductFamily zynq Part [dict get $design part] TopModelName $name \
        TargetClockPeriod [format %.2f $period] ClockUncertainty [dict get $design uncertainty] FlowTarget vivado]
    set cycles [concat [list unit "clock cycles"] [latency $figures $period] \
        [list Interval-min $interval Interval-max $interval]]
    return "<profile>\n<ReportVersion>\n<Version>$standin::version</Version>\n</ReportVersion>\n<UserAssignments>\n[elements $user]</UserAssignments>\n<PerformanceEstimates>\n<PipelineType>yes</PipelineType>\n<SummaryOfTimingAnalysis>\n<unit>ns</unit>\n<EstimatedClockPeriod>[dict get $figures clock]</EstimatedClockPeriod>\n</SummaryOfTimingAnalysis>\n<SummaryOfOverallLatency>\n[elements $cycles]</SummaryOfOverallLatency>\n</PerformanceEstimates>\n<AreaEstimates>\n<Resources>\n[elements [resources $figures]]</Resources>\n<AvailableResources>\n[elements $figures::available]</AvailableResources>\n</AreaEstimates>\n$modules</profile>\n"
}
