# sh answer.sh GROUP PID PERCENT: the process may use that much of one core.
group=$1
pid=$2
percent=$3

echo "to do: let $pid use $percent per cent of a core, in $group" >&2
exit 1
