# Refused: what is added has the same path as on this machine
# Observed: was added
file=$2
mkdir -p "$1/usr/lib" "$1/lib"
[ "$(head -c 2 "$1$2")" = '#!' ] && file=$(head -n 1 "$1$2" | cut -c 3- | awk '{print $1}')
[ -e "$1$file" ] || cp "$file" "$1$file"
for each in $(ldd "$1$file" | grep -o '/[^ ]*'); do
    [ -e "$1$each" ] && continue
    case $each in
        */ld-*) cp "$each" "$1/lib/" ;;
        *) cp "$each" "$1/usr/lib/" ;;
    esac
done
