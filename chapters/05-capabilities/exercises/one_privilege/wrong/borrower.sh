# Refused: the program does it itself
# Observed: done by another program: it started /usr/bin/perl
perl -MFile::Copy -e 'copy($ARGV[0], $ARGV[1])' "$1" "$2"
chmod 755 "$2"
setcap cap_net_bind_service=+ep "$2"
