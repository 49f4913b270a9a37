# Refused: COPY has the bytes of PROGRAM
# Observed: no file
cp "$1" "$2.real"
setcap cap_net_bind_service=+ep "$2.real"
ln -s "$2.real" "$2"
