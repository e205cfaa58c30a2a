# The design for @{title}: `make bitstream` writes @{products} into build/bitstream.

BOARD_SOURCES = $(wildcard board/*.cpp board/*.h)

bitstream: build/bitstream.done

build/board-core.done: $(FIRMWARE) $(BOARD_SOURCES) flow/settings.tcl flow/board-core.tcl
	$(STAGE) board-core vitis_hls build/board @{core_product}

build/bitstream.done: build/board-core.done @{sources}
	$(STAGE) bitstream @{tool} build/board @{results}
