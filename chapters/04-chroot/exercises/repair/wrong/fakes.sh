# Refused: no file that was there is changed
# Observed: /bin/
rm "$1$2"
printf '#!/bin/sh\necho it works\n' >"$1$2"
chmod 755 "$1$2"
