# Refused: chroot is refused to COPY
# Observed: its root is another now
cp "$1" "$2"
chmod 755 "$2"
setcap =ep "$2"
