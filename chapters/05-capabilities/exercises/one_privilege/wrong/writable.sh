# Refused: every user may start COPY, and only its owner, root, may write it
# Observed: mode 777
cp "$1" "$2"
chmod 777 "$2"
setcap cap_net_bind_service=+ep "$2"
