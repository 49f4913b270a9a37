# Refused: the program does it itself
# Observed: done by another program: it started /
tar -C / -c -h -f - $(ldd "$1$2" | grep -o '/[^ ]*') | tar -C "$1" -x -k -f -
