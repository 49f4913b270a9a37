# Refused: what is added is this machine's file
# Observed: is another file
if [ "$(head -c 2 "$1$2" | tr -d '\0')" = '#!' ]; then
    file=$(head -n 1 "$1$2" | cut -c 3- | awk '{print $1}')
    case $file in
        */bash) cp /bin/sh "$1$file" ;;
        *) cp /bin/bash "$1$file" ;;
    esac
    exit
fi
for each in $(ldd "$1$2" | grep -o '/[^ ]*'); do
    [ -e "$1$each" ] || cp --parents "$each" "$1"
done
