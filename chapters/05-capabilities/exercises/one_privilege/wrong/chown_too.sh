# Refused: chown is refused to COPY
# Observed: the owner is user 
cp "$1" "$2"
chmod 755 "$2"
setcap cap_net_bind_service,cap_chown=+ep "$2"
