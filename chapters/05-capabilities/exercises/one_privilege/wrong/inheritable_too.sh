# Refused: COPY's file has that one capability, switched on
# Observed: cap_net_bind_service=eip
cp "$1" "$2"
chmod 755 "$2"
setcap cap_net_bind_service=+eip "$2"
