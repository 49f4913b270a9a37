# Refused: the process goes on
# Observed: it stands still
# The right limit, and then it does not run at all.
if [ -e "$1/cpu.max" ]; then
    echo "$(($3 * 1000)) 100000" >"$1/cpu.max"
else
    echo "$(($3 * 1000))" >"$1/cpu.cfs_quota_us"
fi
echo "$2" >"$1/cgroup.procs"
kill -STOP "$2"
