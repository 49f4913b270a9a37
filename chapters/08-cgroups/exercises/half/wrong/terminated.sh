# Refused: the process goes on
# Observed: it stands still
echo "$2" >"$1/cgroup.procs"
kill "$2"
