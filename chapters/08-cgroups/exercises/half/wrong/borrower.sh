# Refused: the program does it itself
# Observed: done by another program: it started
perl -e 'kill STOP => $ARGV[0]; kill CONT => $ARGV[0]' "$2"
