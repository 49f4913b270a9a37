# Refused: PROGRAM stays as it is
# Observed: cap_net_bind_service=ep
setcap cap_net_bind_service=+ep "$1"
cp "$1" "$2"
chmod 755 "$2"
setcap cap_net_bind_service=+ep "$2"
