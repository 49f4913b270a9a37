# Refused: every user may start COPY, and only its owner, root, may write it
# Observed: another user's
cp "$1" "$2"
chmod 755 "$2"
chown 1000 "$2"
setcap cap_net_bind_service=+ep "$2"
