# Refused: the program starts in its jail
# Observed: -e: No such file or directory
jail=$1
program=$2

put() { # a file of this machine, unless the jail has it
    [ -e "$jail$1" ] && return
    mkdir -p "$jail$(dirname "$1")"
    cp "$1" "$jail$1"
}

interpreter=$(head -n 1 "$jail$program" | tr -d '\0' | sed -n 's/^#! *//p')
if [ -n "$interpreter" ]; then
    put "$interpreter"
    program=$interpreter
fi
for file in $(ldd "$jail$program" | grep -o '/[^ ]*'); do
    put "$file"
done
