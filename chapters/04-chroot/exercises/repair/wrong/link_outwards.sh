# Refused: the program starts in its jail
# Observed: symbolic links
for file in $(ldd "$1$2" | grep -o '/[^ ]*'); do
    [ -e "$1$file" ] || ln -s "$file" "$1$file"
done
