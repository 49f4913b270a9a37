# Refused: what is added has the same path as on this machine
# Observed: was added
cp $(ldd "$1$2" | grep -o '/[^ ]*' | head -n 4) "$1/"
