# Refused: COPY listens at a low port
# Observed: setcapp: not found
cp "$1" "$2"
chmod 755 "$2"
setcapp cap_net_bind_service=+ep "$2"
