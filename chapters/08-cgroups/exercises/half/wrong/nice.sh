# Refused: the process uses PERCENT of one core
# Observed: % of a core
renice -n 19 -p "$2"
echo "$2" >"$1/cgroup.procs"
