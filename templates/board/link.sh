# The kernel that board-core made, linked for the card. VPP names v++ if it is not on PATH, PLATFORM another platform
# than the one below, or its .xpfm.
vpp=${VPP:-v++}
if ! command -v "$vpp" >/dev/null; then
    echo "ERROR: bitstream needs Vitis: install it and source its settings64.sh and XRT's setup.sh, or name v++ with VPP=..."
    exit 1
fi
mkdir -p ../bitstream
exec "$vpp" --link --target hw --platform "${PLATFORM:-@{platform}}" --config ../../board/link.cfg \
    --jobs "${JOBS:-4}" --temp_dir link --output ../bitstream/@{top}.xclbin @{core}.xo
