# sh answer.sh PROGRAM COPY: a copy that may take a low port, and nothing else.
program=$1
copy=$2

echo "still missing: $copy, from $program, with one privilege" >&2
exit 1
