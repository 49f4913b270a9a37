# Refused: COPY has the bytes of PROGRAM
# Observed: the script said: cp: 
cp $1 $2
chmod 755 $2
setcap cap_net_bind_service=+ep $2
