# Refused: nothing is added that the program does not need
# Observed: was added
cp -n -L --parents /bin/bash $(ldd /bin/bash /bin/ls | grep -o '/[^ ]*\.so[^ ]*') "$1"
