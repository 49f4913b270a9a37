# sh answer.sh GROUP PID PERCENT: the process may use that much of one core.
#
# Why this way: the folder has its files before we write one, so they tell which version it
# is; the limit is there before the process comes; and cgroup.procs takes all its threads.
group=$1
pid=$2
percent=$3

period=100000
quota=$((percent * period / 100))
if [ -e "$group/cpu.max" ]; then
    echo "$quota $period" >"$group/cpu.max"
else
    echo "$period" >"$group/cpu.cfs_period_us"
    echo "$quota" >"$group/cpu.cfs_quota_us"
fi
echo "$pid" >"$group/cgroup.procs"
