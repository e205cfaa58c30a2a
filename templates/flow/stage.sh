# sh flow/stage.sh STAGE TOOL FOLDER RESULT... : run a stage of the flow, from the folder of the Makefile.
#
# TOOL runs flow/STAGE.tcl (vitis_hls, vivado) or flow/STAGE.sh (sh, v++) in FOLDER, which is . or build/NAME. What it
# prints goes to build/logs/STAGE.log too. build/STAGE.done is left only if it ended well and every RESULT is there,
# whole; it has the time at which the stage began, so that whatever changes meanwhile is newer. Stages of one folder
# wait for each other, and a stage that another make has ended since is not run again; INPUTS are the files that it
# is made of.
#
# VITIS_HLS, VIVADO and VPP (v++) name the programs, if not those on PATH; ANY_VERSION=1 takes one of any version.

stage=$1 tool=$2 folder=$3
shift 3
log=build/logs/$stage.log
status=1

fail() {
    echo "$stage: $*" >&2
    exit "$status"
}

# find_tool TITLE VARIABLE VALUE NAME...: set program, and version as 2023.2
find_tool() {
    title=$1 variable=$2 program=$3
    shift 3
    if [ -n "$program" ]; then
        command -v "$program" >/dev/null || fail "$variable names $program, which is no program"
    else
        for name; do
            [ -n "$program" ] || program=$(command -v "$name")
        done
    fi
    [ -n "$program" ] || fail "needs $title $oldest to $newest: install it and source its settings64.sh," \
        "or name it with $variable=..."
    case ${program##*/} in
    vitis-run* | v++*) flag=--version ;;
    *) flag=-version ;;
    esac
    version=$("$program" "$flag" 2>&1 </dev/null | year)
    # installations are in folders such as Vitis/2024.2/bin
    [ -n "$version" ] || version=$(readlink -f "$(command -v "$program")" | year)
    [ -z "$ANY_VERSION" ] || return 0
    [ -n "$version" ] || fail "$program does not say which version of $title it is; ANY_VERSION=1 tries it"
    [ "$(digits "$version")" -ge "$(digits $oldest)" ] && [ "$(digits "$version")" -le "$(digits $newest)" ] ||
        fail "$program is $title $version, and known are $oldest to $newest; ANY_VERSION=1 tries it"
}

# the first version, such as 2023.2, that a text names
year() {
    sed -n 's/.*[ v/]\(20[0-9][0-9]\.[0-9]\).*/\1/p' | head -n 1
}

digits() {
    echo "$1" | tr -d .
}

# 2020.2 is the first version of Vitis HLS for all devices, and the first that replaces Vivado HLS
oldest=2020.2 newest=2025.2
case $tool in
vitis_hls) find_tool 'Vitis HLS' VITIS_HLS "$VITIS_HLS" vitis_hls vitis-run ;;
vivado) find_tool Vivado VIVADO "$VIVADO" vivado ;;
v++) find_tool Vitis VPP "$VPP" v++ ;;
esac

run() {
    case $tool in
    sh) sh "$flow/$stage.sh" ;;
    v++) program=$program sh "$flow/$stage.sh" ;;
    vivado) "$program" -mode batch -nojournal -nolog -notrace -source "$flow/$stage.tcl" ;;
    vitis_hls)
        case ${program##*/} in
        vitis-run*) "$program" --mode hls --tcl "$flow/$stage.tcl" ;;
        *) "$program" -f "$flow/$stage.tcl" ;;
        esac
        ;;
    esac
}

# whole FILE: whether a result is there to its end; XML ends with the element that it starts with
whole() {
    [ -s "$1" ] || return 1
    case $1 in
    *.xml)
        root=$(sed -n 's/^[[:space:]]*<\([A-Za-z][A-Za-z0-9_:.-]*\).*/\1/p' "$1" | head -n 1)
        [ -n "$root" ] && tail -c 100 "$1" | grep -q "</$root>"
        ;;
    esac
}

mkdir -p build/logs "$folder" || fail "cannot write build/"
if [ "$folder" = . ]; then
    flow=flow lock=build/$stage.lock
else
    flow=../../flow lock=$folder.lock
fi
if command -v flock >/dev/null; then
    exec 9>"$lock"
    flock -n 9 || { echo "$stage: waiting for another stage in $folder" && flock 9; }
fi
case ${MAKEFLAGS%% *} in
*B*) ;;
*)
    # names in a project hold no blanks
    if [ -e "build/$stage.done" ] && [ -z "$(find $INPUTS -newer "build/$stage.done" 2>&1)" ]; then
        echo "$stage: done by another make"
        exit 0
    fi
    ;;
esac
case $program in
/*) ;;
*/*) program=$PWD/$program ;;
esac
case $tool:$PWD in
sh:*) ;;
*[!A-Za-z0-9_~./:@+=-]*)
    echo "$stage: warning: AMD's tools support only letters, digits, ~ and _ in names of folders (UG895);" \
        "if this stage fails, try it in another folder than $PWD" >&2
    ;;
esac
rm -f "build/$stage.done" "$@"
: >"build/$stage.start"
# the exit status goes past tee by descriptor 3, and not through a file, which a full disk would leave empty
exec 4>&1
status=$(
    {
        {
            (cd "$folder" && run </dev/null 3>&- 4>&- 9>&-)
            echo $? >&3
        } 2>&1 | tee "$log" >&4 3>&- 9>&-
    } 3>&1
)
status=${status:-1}
if [ "$status" != 0 ]; then
    cause=$(grep -m 1 -E '^(ERROR|FAIL|strict)' "$log")
    [ "$status" -le 128 ] || cause="killed by signal $((status - 128))"
    echo "$stage" 2>/dev/null >"build/$stage.start" || cause='build/ cannot be written: is the disk full?'
    rm -f "build/$stage.start"
    fail "failed (exit status $status)${cause:+, $cause}; see $log"
fi
status=1
for result; do
    if ! whole "$result"; then
        rm -f "build/$stage.start"
        fail "ended, but $result is missing or not whole; see $log"
    fi
done
mv "build/$stage.start" "build/$stage.done"
