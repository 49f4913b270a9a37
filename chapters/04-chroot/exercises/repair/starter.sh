# sh answer.sh JAIL PROGRAM: puts into JAIL what PROGRAM needs in order to start.
jail=$1
program=$2

echo "still missing: everything that $program needs in $jail" >&2
exit 1
