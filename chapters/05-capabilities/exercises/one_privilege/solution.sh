# sh answer.sh PROGRAM COPY: a copy that may take a low port, and nothing else.
#
# Why this way: a file that is written or changes its owner loses its capabilities, so they
# are given last. `e` is there because nobody in the program will switch the bit on.
program=$1
copy=$2

cp "$program" "$copy"
chmod 755 "$copy"
setcap cap_net_bind_service=+ep "$copy"
