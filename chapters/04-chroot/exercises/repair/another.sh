# Another way: the ELF head is read by readelf, and each library is looked for by name.
jail=$1
file=$2

copy() {
    test -e "$jail$1" || { mkdir -p "$jail${1%/*}" && cp "$1" "$jail$1"; }
}

libraries() { # FILE: what it needs, and what that needs
    for name in $(readelf -d "$1" 2>/dev/null | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'); do
        path=$(ldd "$1" | awk -v name="$name" '$1 == name && $2 == "=>" { print $3 }')
        [ -n "$path" ] && echo "$path" && libraries "$path"
    done
}

if [ "$(head -c 2 "$jail$file" | tr -d '\0')" = '#!' ]; then
    file=$(head -n 1 "$jail$file" | cut -c 3- | awk '{ print $1 }')
    copy "$file"
fi
copy "$(readelf -l "$jail$file" | sed -n 's/.*interpreter: \(.*\)\]/\1/p')"
for path in $(libraries "$jail$file" | sort -u); do
    copy "$path"
done
