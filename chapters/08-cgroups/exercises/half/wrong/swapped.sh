# Refused: the process uses PERCENT of one core
# Observed: % of a core
quota=100000
period=$(($3 * 1000))
if [ -e "$1/cpu.max" ]; then
    echo "$quota $period" >"$1/cpu.max"
else
    echo "$period" >"$1/cpu.cfs_period_us"
    echo "$quota" >"$1/cpu.cfs_quota_us"
fi
echo "$2" >"$1/cgroup.procs"
