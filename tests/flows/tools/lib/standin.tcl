# What the stand-ins for vitis_hls, vitis-run and vivado share: their version, their moods and their figures.
# See ../README.md for what the environment tells them.

source -encoding utf-8 [file join [file dirname [file normalize [info script]]] .. .. tcl strict.tcl]

namespace eval standin {
    variable lib [file dirname [file normalize [info script]]]
    variable version 2023.2
    variable moods {ok fail hang die half silent memory}
}

proc standin::env {name default} {
    return [expr {[info exists ::env($name)] ? $::env($name) : $default}]
}

set standin::version [standin::env STANDIN_VERSION $standin::version]

# The first lines of a tool's log, which are also what it answers to -version.
proc standin::banner {title} {
    variable version
    return "****** $title v$version (64-bit)\n  **** SW Build 4029153 on Fri Oct 13 20:13:54 MDT 2023\n"
}

# What is to happen in a stage: what STANDIN_MODE says of it, or else what STANDIN_RATES makes of the project,
# the stage and how often it was tried, the same in every run.
proc standin::mood {stage} {
    foreach setting [env STANDIN_MODE ""] {
        lassign [split $setting =] name mood
        if {$name eq $stage} { return $mood }
    }
    set rates [env STANDIN_RATES ""]
    if {$rates eq ""} { return ok }
    set key "[env STANDIN_SEED 0] [pwd] $stage"
    set folder [env STANDIN_STATE ""]
    if {$folder ne ""} {
        file mkdir $folder
        set path [file join $folder [format %08x.tries [zlib crc32 [encoding convertto utf-8 $key]]]]
        set channel [open $path a+]
        puts -nonewline $channel .
        flush $channel
        append key " " [file size $path]
        close $channel
    }
    set draw [expr {[zlib crc32 [encoding convertto utf-8 $key]] / 4294967296.0}]
    foreach setting $rates {
        lassign [split $setting =] mood rate
        if {$draw < $rate} { return $mood }
        set draw [expr {$draw - $rate}]
    }
    return ok
}

# Begin a stage: wait as long as it is to take, and fail where that is its mood. Returns the mood.
proc standin::begin {stage} {
    variable moods
    set mood [mood $stage]
    if {$mood ni $moods} { error "no stand-in can be in the mood $mood, only in [join $moods {, }]" }
    puts "INFO: stand-in: $stage ($mood)"
    flush stdout
    after [expr {int(1000 * [env STANDIN_SECONDS 0])}]
    switch -- $mood {
        fail {
            puts [env STANDIN_ERROR "ERROR: \[HLS 200-70\] stand-in: $stage was told to fail"]
            strict::leave 1
        }
        hang { while 1 { after 3600000 } }
        memory {
            set held [string repeat x [expr {1000000 * [env STANDIN_MEMORY_MB 300]}]]
            while 1 { after 3600000 }
        }
    }
    return $mood
}

# Write a report as the mood has it: whole, half of it, or not at all.
proc standin::write {mood path text} {
    if {$mood eq "silent"} return
    if {$mood in {half die}} { set text [string range $text 0 [expr {[string length $text] / 2}]] }
    file mkdir [file dirname $path]
    set channel [open $path w]
    fconfigure $channel -encoding utf-8
    puts -nonewline $channel $text
    close $channel
}

# End a stage: a stand-in that was to die has by now written half of its reports.
proc standin::end {mood} {
    if {$mood eq "die"} {
        exec kill -KILL [pid]
        after 10000
    }
}

proc standin::read {path} {
    set channel [open $path r]
    fconfigure $channel -encoding utf-8
    set text [::read $channel]
    close $channel
    return $text
}
