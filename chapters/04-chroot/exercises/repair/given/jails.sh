# Makes three jails in this folder, each of which lacks something that its program needs.
jail() { # FOLDER PROGRAM
    mkdir -p "$1$(dirname "$2")"
    cp "$2" "$1$2"
    for file in $(ldd "$2" | grep -o '/[^ ]*'); do
        mkdir -p "$1$(dirname "$file")"
        cp "$file" "$1$file"
    done
}

rm -rf one two three
jail one /bin/bash
rm "one$(ldd /bin/bash | grep -o '^[[:space:]]*/[^ ]*' | tr -d '[:space:]')"
jail two /bin/ls
rm "two$(ldd /bin/ls | grep -o '=> /[^ ]*' | head -n 1 | cut -c 4-)"
jail three /bin/bash
rm three/bin/bash
printf '#!/bin/bash\necho it works\n' >three/bin/job
chmod 755 three/bin/job
