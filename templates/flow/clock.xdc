# The whole period: the uncertainty that C synthesis left is for what comes after it.
create_clock -period @{clock_ns} -name ap_clk [get_ports ap_clk]
