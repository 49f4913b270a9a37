# Refused: COPY listens at a low port
# Observed: the script said: 
cp "$1" "$2"
chmod 755 "$2"
setcap net_bind_service=+ep "$2"
