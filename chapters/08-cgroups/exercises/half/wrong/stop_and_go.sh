# Refused: the script leaves nothing running
# Observed: still there
# From outside, by signals, and one process at a time.
on=$(awk "BEGIN { print $3 / 2000 }")
off=$(awk "BEGIN { print 0.05 - $on }")
(while kill -STOP "$2"; do
    sleep "$off"
    kill -CONT "$2"
    sleep "$on"
done) >/dev/null 2>&1 &
