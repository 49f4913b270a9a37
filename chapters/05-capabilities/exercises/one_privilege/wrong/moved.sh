# Refused: PROGRAM stays as it is
# Observed: no file
mv "$1" "$2"
chmod 755 "$2"
setcap cap_net_bind_service=+ep "$2"
