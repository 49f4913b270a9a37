# Refused: nothing is added that the program does not need
# Observed: was added
mkdir -p "$1/bin" "$1/lib64"
cp /usr/bin/ch* /usr/bin/ck* /usr/bin/co* "$1/bin/"
for file in $(ldd "$1$2" | grep -o '/[^ ]*'); do
    mkdir -p "$1$(dirname "$file")"
    [ -e "$1$file" ] || cp "$file" "$1$file"
done
exit 0
