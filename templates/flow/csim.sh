# Unrolled networks hold all their values on the stack.
ulimit -s unlimited 2>/dev/null || ulimit -s "$(ulimit -H -s)"
./build/csim
