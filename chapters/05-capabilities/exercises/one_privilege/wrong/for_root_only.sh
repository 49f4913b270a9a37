# Refused: the command is started
# Observed: Permission denied
cp "$1" "$2"
setcap cap_net_bind_service=+ep "$2"
