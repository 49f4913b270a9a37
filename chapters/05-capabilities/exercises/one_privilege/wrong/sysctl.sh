# Refused: a low port is as closed to other programs as before
# Observed: it listens
cp "$1" "$2"
chmod 755 "$2"
echo 0 >/proc/sys/net/ipv4/ip_unprivileged_port_start
