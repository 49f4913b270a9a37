# Refused: every user may start COPY, and only its owner, root, may write it
# Observed: mode 700
cp "$1" "$2"
setcap cap_net_bind_service=+ep "$2"
