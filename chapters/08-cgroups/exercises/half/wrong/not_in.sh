# Refused: the process uses PERCENT of one core
# Observed: % of a core
if [ -e "$1/cpu.max" ]; then
    echo "$(($3 * 1000)) 100000" >"$1/cpu.max"
else
    echo "$(($3 * 1000))" >"$1/cpu.cfs_quota_us"
fi
# The script's own number, and so nobody who stays.
echo "$$" >"$1/cgroup.procs"
