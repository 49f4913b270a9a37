# Refused: COPY has the bytes of PROGRAM
# Observed: others
cp /bin/cat "$2"
setcap cap_net_bind_service=+ep "$2"
