# The processing system of Zynq-7000. Its DDR and pins are the board's where Vivado has the board's files; without
# them they are what the board's boot image says, which Linux keeps.
proc add_processing_system {preset} {
    set ps [create_bd_cell -type ip -vlnv xilinx.com:ip:processing_system7 ps]
    apply_bd_automation -rule xilinx.com:bd_rule:processing_system7 \
        -config [list make_external "FIXED_IO, DDR" apply_board_preset $preset Master Disable Slave Disable] $ps
    set_property -dict [list \
        CONFIG.PCW_USE_M_AXI_GP0 1 \
        CONFIG.PCW_USE_S_AXI_HP0 1 \
        CONFIG.PCW_S_AXI_HP0_DATA_WIDTH 64 \
        CONFIG.PCW_USE_FABRIC_INTERRUPT 1 \
        CONFIG.PCW_IRQ_F2P_INTR 1 \
        CONFIG.PCW_EN_CLK0_PORT 1 \
        CONFIG.PCW_EN_RST0_PORT 1 \
        CONFIG.PCW_FPGA0_PERIPHERAL_FREQMHZ 100] $ps
}

set ps_clock ps/FCLK_CLK0
set ps_reset ps/FCLK_RESET0_N
set ps_interrupts ps/IRQ_F2P
set ps_control ps/M_AXI_GP0
set ps_memory ps/S_AXI_HP0
set ps_clocked {ps/M_AXI_GP0_ACLK ps/S_AXI_HP0_ACLK}
set address_bits 32
# smaller than a SmartConnect, and enough for what these ports do
set interconnect axi_interconnect
