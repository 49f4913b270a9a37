# Refused: the process uses PERCENT of one core
# Observed: % of a core
# Per cent of a machine with four cores.
quota=$(($3 * 4 * 1000))
if [ -e "$1/cpu.max" ]; then
    echo "$quota 100000" >"$1/cpu.max"
else
    echo "$quota" >"$1/cpu.cfs_quota_us"
fi
echo "$2" >"$1/cgroup.procs"
