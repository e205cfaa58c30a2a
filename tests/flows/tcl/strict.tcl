# A strict recording interpreter of the Tcl that Vitis HLS and Vivado document.
#
#   tclsh strict.tcl TOOL VERSION SCRIPT ARGUMENT...
#
# runs SCRIPT as TOOL ("vitis_hls" or "vivado") of VERSION ("2023.2") would, up to what its commands do. The
# commands are those of the table TOOL.commands, which names the document that each entry comes from. A command,
# option or value that the table does not have for that version, too few or too many arguments, a file that is
# not there, an order that cannot work, or Tcl newer than 8.5 is a violation: it raises an error in the script,
# and where the script catches that, the program fails at its end all the same (exit status 70, each violation on
# stderr). A script has to end with `exit`, without which Vitis HLS waits for more commands.
#
# STRICT_JOURNAL names a file that gets a line of JSON for each command that the script ran:
#   {"command": "create_clock", "options": {"-period": ["5"], "-name": ["default"]}, "arguments": []}
#
# Sourced rather than run, it is a library: `strict::load`, `strict::on COMMAND PREFIX` (called with the options
# as a dict of lists, and the arguments; its result is the command's) and `strict::run`.

namespace eval strict {
    variable here [file dirname [file normalize [info script]]]
    variable commands [dict create] ;# name -> its entry in the table
    variable handlers [dict create] ;# name -> what a stand-in does on it
    variable facts [dict create]    ;# what holds so far, such as "a project is open"
    variable violations [list]
    variable tool ""
    variable version 0
    variable script ""
    variable newer_than_8_5 {coroutine lmap tailcall throw try yield yieldto zlib}
    variable outside {exec open_gui socket start_gui}
}

# An entry of a table: a command and a list of its fields.
proc strict::command {name entry} {
    variable commands
    dict set commands $name $entry
}

proc strict::load {name tool_version} {
    variable here
    variable tool $name
    variable version $tool_version
    foreach file [lsort [glob -directory $here $name*.commands]] {
        namespace eval ::strict [list source -encoding utf-8 $file]
    }
}

proc strict::on {command prefix} {
    variable handlers
    dict set handlers $command $prefix
}

proc strict::holds {fact} {
    variable facts
    return [dict exists $facts $fact]
}

proc strict::let {fact {value 1}} {
    variable facts
    dict set facts $fact $value
}

proc strict::fact {fact} {
    variable facts
    return [dict get $facts $fact]
}

proc strict::violate {message} {
    variable violations
    lappend violations $message
    return -code error $message
}

proc strict::field {entry name default} {
    return [expr {[dict exists $entry $name] ? [dict get $entry $name] : $default}]
}

# Whether a range such as "since 2021.1 until 2024.1", both included, holds the version.
proc strict::in_range {range} {
    variable version
    foreach {bound limit} $range {
        switch -- $bound {
            since { if {[package vcompare $version $limit] < 0} { return 0 } }
            until { if {[package vcompare $version $limit] > 0} { return 0 } }
            default { error "the table has a bound $bound" }
        }
    }
    return 1
}

# Options of the command in this version: name -> kind. Kinds: flag, bool (a flag, or =true or =false), value,
# int, float, or a list of the values there are. "+" at the end of a kind lets an option be given again.
proc strict::options_of {entry} {
    set options [dict create]
    foreach option [field $entry options {}] {
        if {[in_range [lrange $option 2 end]]} {
            dict set options [lindex $option 0] [lindex $option 1]
        }
    }
    return $options
}

proc strict::check_value {name option kind value} {
    switch -- $kind {
        value - flag { return }
        int { set good [string is integer -strict $value] }
        float { set good [string is double -strict $value] }
        bool { set good [string is boolean -strict $value] }
        default { set good [expr {$value in $kind}] }
    }
    if {!$good} { violate "$name: $option takes [join $kind " or "], not \"$value\"" }
}

# The words of a call as {options as a dict of lists of values, arguments}.
proc strict::parse {name words} {
    variable commands
    variable tool
    set entry [dict get $commands $name]
    set known [options_of $entry]
    set options [dict create]
    set arguments [list]
    for {set i 0} {$i < [llength $words]} {incr i} {
        set word [lindex $words $i]
        if {![regexp {^-[A-Za-z]} $word]} {
            lappend arguments $word
            continue
        }
        set value ""
        set given 0
        set option $word
        if {![dict exists $known $word]} {
            # Vitis HLS documents options such as -cosim_trace_generation=<true | false>
            set given [regexp {^(-[^=]+)=(.*)$} $word -> option value]
        }
        if {![dict exists $known $option]} {
            violate "$name: no option $option; it has [join [lsort [dict keys $known]] ", "]"
        }
        set kind [dict get $known $option]
        set again [string match "*+" $kind]
        set kind [string trimright $kind +]
        if {[dict exists $options $option] && !$again} { violate "$name: $option is given twice" }
        if {$kind eq "flag" || ($kind eq "bool" && !$given)} {
            if {$given} { violate "$name: $option takes no value" }
            set value 1
        } elseif {!$given} {
            if {[incr i] >= [llength $words]} { violate "$name: $option lacks its value" }
            set value [lindex $words $i]
            # the value was left out, unless it may well start with a dash
            if {[dict exists $known $value]} { violate "$name: $option lacks its value (it has $value)" }
        }
        check_value $name $option $kind $value
        dict lappend options $option $value
    }
    foreach option [field $entry required {}] {
        if {![dict exists $options $option]} { violate "$name: $option is missing" }
    }
    lassign [field $entry arguments {0 0}] least most
    if {[llength $arguments] < $least} { violate "$name: [llength $arguments] arguments, at least $least are needed" }
    if {$most ne "any" && [llength $arguments] > $most} {
        violate "$name: [llength $arguments] arguments, at most $most may be given: $arguments"
    }
    return [list $options $arguments]
}

proc strict::check_order {name entry} {
    variable facts
    foreach needed [field $entry needs {}] {
        if {![dict exists $facts $needed]} { violate "$name comes before what it needs: $needed" }
    }
    foreach excluded [field $entry excludes {}] {
        if {[dict exists $facts $excluded]} { violate "$name cannot come after what it excludes: $excluded" }
    }
}

# "gives_by {-tb testbench source}": the first fact with the option, the second without.
proc strict::change_facts {entry options} {
    variable facts
    foreach lost [field $entry loses {}] { dict unset facts $lost }
    foreach given [field $entry gives {}] { dict set facts $given 1 }
    foreach {option with without} [field $entry gives_by {}] {
        dict set facts [expr {[dict exists $options $option] ? $with : $without}] 1
    }
}

# Files that a command reads have to be there. An entry's "reads" is "arguments", an option, or both; each is a
# list of paths, as the tools document ("add_files {a.cpp b.cpp}").
proc strict::check_files {name entry options arguments} {
    foreach what [field $entry reads {}] {
        if {$what eq "arguments"} {
            set lists $arguments
        } else {
            set lists [field $options $what {}]
        }
        foreach list $lists {
            if {![string is list $list]} { violate "$name: \"$list\" is no list of files" }
            foreach path $list {
                if {![file exists $path]} { violate "$name: there is no file $path" }
            }
        }
    }
    foreach what [field $entry writes {}] {
        set paths [expr {$what eq "arguments" ? $arguments : [field $options $what {}]}]
        foreach path $paths {
            if {![file isdirectory [file dirname $path]]} { violate "$name: there is no folder to write $path in" }
        }
    }
}

proc strict::call {name args} {
    variable commands
    variable handlers
    set entry [dict get $commands $name]
    if {![in_range [field $entry versions {}]]} {
        variable version
        violate "$name: no command of version $version"
    }
    lassign [parse $name $args] options arguments
    check_order $name $entry
    check_files $name $entry $options $arguments
    record $name $options $arguments
    change_facts $entry $options
    set result ""
    if {[field $entry returns ""] eq "arguments"} { set result [join $arguments] }
    if {[dict exists $handlers $name]} {
        set result [uplevel #0 [dict get $handlers $name] [list $options $arguments]]
    }
    return $result
}

proc strict::json_string {text} {
    set escaped ""
    foreach character [split $text ""] {
        scan $character %c code
        if {$character in {"\"" "\\"}} {
            append escaped \\ $character
        } elseif {$code > 0xffff} {
            incr code -0x10000
            append escaped [format {\u%04x\u%04x} [expr {0xd800 | $code >> 10}] [expr {0xdc00 | $code & 0x3ff}]]
        } elseif {$code < 32 || $code > 126} {
            append escaped [format {\u%04x} $code]
        } else {
            append escaped $character
        }
    }
    return "\"$escaped\""
}

proc strict::json_list {values} {
    set items [list]
    foreach value $values { lappend items [json_string $value] }
    return "\[[join $items {, }]\]"
}

proc strict::record {name options arguments} {
    if {![info exists ::env(STRICT_JOURNAL)]} return
    set fields [list]
    dict for {option values} $options {
        lappend fields "[json_string $option]: [json_list $values]"
    }
    set channel [open $::env(STRICT_JOURNAL) a]
    puts $channel "{\"command\": [json_string $name], \"options\": {[join $fields {, }]},\
        \"arguments\": [json_list $arguments]}"
    close $channel
}

proc strict::unknown {name args} {
    variable newer_than_8_5
    variable tool
    if {$name in $newer_than_8_5} { violate "$name: needs Tcl 8.6, which not every $tool has" }
    violate "$name: no documented command of $tool"
}

proc strict::leave {{status 0}} {
    variable violations
    if {[llength $violations]} {
        foreach violation $violations { puts stderr "strict: $violation" }
        set status 70
    }
    flush stdout
    ::exit $status
}

# Run a script to its end, which is the end of this program.
proc strict::run {path {arguments {}}} {
    variable commands
    variable newer_than_8_5
    variable outside
    variable script $path
    set child [interp create]
    foreach name [concat $newer_than_8_5 $outside] {
        if {[llength [$child eval [list info commands $name]]]} { $child eval [list rename $name {}] }
    }
    foreach name [dict keys $commands] { $child alias $name strict::call $name }
    $child alias unknown strict::unknown
    foreach name {exit quit} { $child alias $name strict::leave }
    $child eval [list set ::argv $arguments]
    $child eval [list set ::argc [llength $arguments]]
    $child eval [list set ::argv0 $path]
    if {[catch { $child eval [list source $path] } message]} {
        puts stderr "ERROR: $message"
        puts stderr "    while executing $path"
        puts stderr [lindex [split $::errorInfo \n] 1]
        leave 1
    }
    variable tool
    catch { violate "$path ends without exit, so that $tool may wait for more commands" }
    leave 1
}

if {[info exists argv0] && [file normalize $argv0] eq [file normalize [info script]]} {
    if {$argc < 3} {
        puts stderr "usage: tclsh strict.tcl TOOL VERSION SCRIPT ARGUMENT..."
        exit 2
    }
    strict::load [lindex $argv 0] [lindex $argv 1]
    strict::run [lindex $argv 2] [lrange $argv 3 end]
}
