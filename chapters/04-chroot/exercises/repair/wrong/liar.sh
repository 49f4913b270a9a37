# Refused: the program starts in its jail
# Observed: No such file or directory
echo "$2 starts in $1 now: all files are there"
