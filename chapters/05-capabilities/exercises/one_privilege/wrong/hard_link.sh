# Refused: PROGRAM stays as it is
# Observed: cap_net_bind_service=ep
ln "$1" "$2"
setcap cap_net_bind_service=+ep "$2"
