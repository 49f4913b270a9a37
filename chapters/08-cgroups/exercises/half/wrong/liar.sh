# Refused: the process uses PERCENT of one core
# Observed: % of a core
echo "$3 per cent of a core"
