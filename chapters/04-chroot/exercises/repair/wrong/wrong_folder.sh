# Refused: the program starts in its jail
# Observed: No such file or directory
cp $(ldd "$1$2" | grep -o '/[^ ]*' | head -n 4) "$1/"
