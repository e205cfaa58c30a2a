# Reports of Vivado in the layouts of 2020.2 to 2023.2 for 7 series (UG906): what a reader looks for, no more.

namespace eval reports {}

proc reports::head {command top part state} {
    set rule [string repeat - 90]
    return "Copyright 1986-2023 Xilinx, Inc. All Rights Reserved.\n$rule\n| Tool Version : Vivado v.$standin::version (lin64) Build 4029153 Fri Oct 13 20:13:25 MDT 2023\n| Date         : Sat Jan  6 12:00:00 2024\n| Command      : $command\n| Design       : $top\n| Device       : $part\n| Design State : $state\n$rule\n\n"
}

# A table with a frame: the width of a column is that of its widest cell.
proc reports::table {rows} {
    set widths [list]
    foreach row $rows {
        for {set i 0} {$i < [llength $row]} {incr i} {
            set length [string length [lindex $row $i]]
            if {$i >= [llength $widths]} { lappend widths 0 }
            if {$length > [lindex $widths $i]} { lset widths $i $length }
        }
    }
    set rule "+"
    foreach width $widths { append rule [string repeat - [expr {$width + 2}]] + }
    set lines [list $rule]
    foreach row $rows {
        set line "|"
        foreach cell $row width $widths { append line [format " %-${width}s |" $cell] }
        lappend lines $line
        if {[llength $lines] == 2} { lappend lines $rule }
    }
    return "[join [lappend lines $rule] \n]\n"
}

proc reports::site {name used available} {
    set share [expr {$available ? [format %.2f [expr {100.0 * $used / $available}]] : "0.00"}]
    return [list $name $used 0 0 $available $share]
}

proc reports::utilization {top part state figures} {
    array set used $figures
    array set limit $figures::available
    set titles {"Site Type" Used Fixed Prohibited Available Util%}
    set text [head report_utilization $top $part $state]
    append text "Utilization Design Information\n\nTable of Contents\n-----------------\n1. Slice Logic\n2. Memory\n3. DSP\n\n"
    append text "1. Slice Logic\n--------------\n\n" [table [list $titles \
        [site "Slice LUTs" $used(LUT) $limit(LUT)] [site "  LUT as Logic" $used(LUT) $limit(LUT)] \
        [site "Slice Registers" $used(FF) $limit(FF)] [site "  Register as Flip Flop" $used(FF) $limit(FF)]]]
    append text "\n\n2. Memory\n---------\n\n" [table [list $titles \
        [site "Block RAM Tile" [expr {$used(BRAM_18K) / 2.0}] [expr {$limit(BRAM_18K) / 2}]]]]
    append text "\n\n3. DSP\n------\n\n" [table [list $titles [site DSPs $used(DSP) $limit(DSP)]]]
    return $text
}

proc reports::hierarchical {top part state functions} {
    set rows [list {Instance Module "Total LUTs" "Logic LUTs" LUTRAMs SRLs FFs RAMB36 RAMB18 "DSP Blocks"}]
    foreach name [concat [list $top] [lsearch -all -inline -not [dict keys $functions] $top]] {
        array set own [dict get $functions $name]
        set instance [expr {$name eq $top ? $top : "  ${name}_U0"}]
        set module [expr {$name eq $top ? "(top)" : "${top}_$name"}]
        lappend rows [list $instance $module $own(LUT) $own(LUT) 0 0 $own(FF) 0 $own(BRAM_18K) $own(DSP)]
    }
    return "[head "report_utilization -hierarchical" $top $part $state]Utilization Design Information\n\n1. Utilization by Hierarchy\n---------------------------\n\n[table $rows]"
}

proc reports::timing {top part state period slack} {
    set titles {WNS(ns) TNS(ns) "TNS Failing Endpoints" "TNS Total Endpoints" WHS(ns) THS(ns) "THS Failing Endpoints" "THS Total Endpoints" WPWS(ns) TPWS(ns) "TPWS Failing Endpoints" "TPWS Total Endpoints"}
    set met [expr {$slack >= 0}]
    set values [list [format %.3f $slack] [expr {$met ? "0.000" : [format %.3f [expr {12 * $slack}]]}] \
        [expr {$met ? 0 : 12}] 4000 0.041 0.000 0 4000 [format %.3f [expr {$period / 2 - 0.5}]] 0.000 0 2000]
    set verdict [expr {$met ? "All user specified timing constraints are met." : "Timing constraints are not met."}]
    foreach title $titles value $values {
        set width [string length $title]
        append head [format "  %${width}s" $title]
        append under [format "  %${width}s" [string repeat - $width]]
        append line [format "  %${width}s" $value]
    }
    set bar [string repeat - 99]
    set text [head report_timing_summary $top $part $state]
    append text "Timing Summary Report\n\n$bar\n| Design Timing Summary\n| ---------------------\n$bar\n\n$head\n$under\n$line\n\n\n$verdict\n\n\n"
    append text "$bar\n| Clock Summary\n| -------------\n$bar\n\n"
    append text "Clock   Waveform(ns)         Period(ns)      Frequency(MHz)\n-----   ------------         ----------      --------------\n"
    append text [format "ap_clk  {0.000 %.3f}        %.3f           %.3f\n" [expr {$period / 2}] $period [expr {1000.0 / $period}]]
    return $text
}
