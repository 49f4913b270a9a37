# Refused: the process goes on
# Observed: it runs no more
echo "$2" >"$1/cgroup.procs"
kill "$2"
