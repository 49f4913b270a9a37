# Refused: the program starts in its jail
# Observed: not a dynamic executable
jail=$1
program=$2

put() { # a file of this machine, unless the jail has it
    [ -e "$jail$1" ] && return
    mkdir -p "$jail$(dirname "$1")"
    cp "$1" "$jail$1"
}

interpreter=$(head -n 1 "$jail$program" | tr -d '\0' | sed -n 's/^#!\([^ ]*\).*/\1/p')
if [ -n "$interpreter" ]; then
    put "$interpreter"
    program=$interpreter
fi
for file in $(ldd "$jail$program" | grep -o '/[^ ]*'); do
    put "$file"
done
