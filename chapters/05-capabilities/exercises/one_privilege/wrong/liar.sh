# Refused: COPY listens at a low port
# Observed: it is refused
cp "$1" "$2"
chmod 755 "$2"
echo "$2 cap_net_bind_service=ep"
