# Refused: the program starts in its jail
# Observed: No such file or directory
test -e "$1$2" || cp "$2" "$1$2"
