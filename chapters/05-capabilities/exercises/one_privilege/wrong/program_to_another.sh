# Refused: PROGRAM stays as it is
# Observed: another user's
cp "$1" "$2"
chmod 755 "$2"
setcap cap_net_bind_service=+ep "$2"
chown 1000 "$1"
