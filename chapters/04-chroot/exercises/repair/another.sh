# Another way: `cp --parents` keeps the paths, and -n leaves alone what is there. This
# machine's own file of that name is asked, since the jail's is the same.
jail=$1
file=$2

if [ "$(head -c 2 "$jail$file" | tr -d '\0')" = '#!' ]; then
    # The shell takes the line apart: the interpreter is its first word.
    set -- $(head -n 1 "$jail$file" | cut -c 3-)
    file=$1
fi
cp -n -L --parents "$file" $(ldd "$file" | grep -o '/[^ ]*') "$jail"
