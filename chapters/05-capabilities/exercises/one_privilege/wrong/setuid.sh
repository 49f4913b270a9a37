# Refused: whoever starts COPY stays who he is
# Observed: Uid [
cp "$1" "$2"
chmod 4755 "$2"
