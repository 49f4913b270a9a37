# Refused: whoever starts COPY stays who he is
# Observed: Gid [
cp "$1" "$2"
chmod 755 "$2"
setcap cap_net_bind_service=+ep "$2"
chmod g+s "$2"
