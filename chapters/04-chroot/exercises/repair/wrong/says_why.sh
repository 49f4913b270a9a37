# Refused: the program starts in its jail
# Observed: (your script: status 3; it said: nothing was done
echo "nothing was done" >&2
exit 3
