# Refused: the process uses PERCENT of one core
# Observed: % of a core
if [ -e "$1/cpu.max" ]; then
    echo "$(($3 * 1000)) 100000" >"$1/cpu.max"
    # v2 refuses that for a group of processes.
    echo "$2" >"$1/cgroup.threads" || true
else
    echo "$(($3 * 1000))" >"$1/cpu.cfs_quota_us"
    echo "$2" >"$1/tasks"
fi
