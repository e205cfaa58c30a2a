# The IP for the catalog of Vivado, which goes to build/ip.
source ../../flow/settings.tcl

attempt {
    open_project ${top}_prj
    open_solution solution1
    export_design -format ip_catalog -rtl verilog -vendor accelgen -library hls -ipname $top -version 1.0 \
        -display_name $network

    file delete -force ../ip
    file copy ${top}_prj/solution1/impl/ip ../ip
}
