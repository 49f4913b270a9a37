# Refused: the script's exit status is 0
# Observed: status 1
cp "$1" "$2"
chmod 755 "$2"
setcap cap_net_bind_service=+ep "$2"
exit 1
