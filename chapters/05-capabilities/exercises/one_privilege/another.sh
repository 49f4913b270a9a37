# Another way: install(1) copies and sets the mode at once, and setcap reads the text from
# its input; a new inode has no capabilities that could stay.
rm -f "$2"
install -m 0555 "$1" "$2" && echo 'all= cap_net_bind_service=pe' | setcap - "$2"
