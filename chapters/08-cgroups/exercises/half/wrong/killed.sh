# Refused: the process goes on
# Observed: it has ended
# The right limit, for nobody.
if [ -e "$1/cpu.max" ]; then
    echo "$(($3 * 1000)) 100000" >"$1/cpu.max"
else
    echo "$(($3 * 1000))" >"$1/cpu.cfs_quota_us"
fi
kill -KILL "$2"
