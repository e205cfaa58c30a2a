# The kernel that board-core made, linked for the card by v++, which is `program`. PLATFORM names another platform than
# the one below, or its .xpfm.
mkdir -p ../bitstream
exec "$program" --link --target hw --platform "${PLATFORM:-@{platform}}" --config ../../board/link.cfg \
    --jobs "${JOBS:-4}" --temp_dir link --output ../bitstream/@{top}.xclbin @{core}.xo
