# Refused: COPY listens at a low port
# Observed: it is refused
cp "$1" "$2"
chmod 755 "$2"
setcap cap_net_bind_service=+ep "$2"
chown 0:0 "$2"
