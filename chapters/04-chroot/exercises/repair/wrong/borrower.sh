# Refused: the program does it itself
# Observed: done by another program: it started /
perl -e 'use File::Copy; for (`ldd $ARGV[0]$ARGV[1]`) { copy($1, "$ARGV[0]$1") if m{(/\S+)} }' "$1" "$2"
