#!/usr/bin/env bash
# Unpacks Rossmann's store sales (train, test, store, states, weather, Google trend) into plain CSV files of one form.
#   tools/rossmann.sh SOURCE DEST
# SOURCE holds train*.csv[.gz], test.csv[.gz], store.csv, store_states.csv, weather.tar.gz and googletrend.tar.gz. The weather's ';' become ',', its NA empty cells;
# the two columns of the trend are called Week and Trend. DEST appears whole or not at all.
set -euo pipefail
if [ $# -ne 2 ]; then
  sed -n '2,5s/^# \?//p' "$0" >&2
  exit 2
fi
source=$1 dest=$2
if [ -e "$dest" ]; then
  echo "rossmann.sh: '$dest' is there already: remove it, or name another" >&2
  exit 2
fi
shopt -s nullglob
work=$dest.partial
rm -rf "$work"
mkdir -p "$work"

# plain NAME PATTERN...: the first file that is there, unpacked
plain() {
  local name=$1 file
  shift
  for file in "$@"; do
    [ -f "$file" ] || continue
    case $file in *.gz) gzip -dc "$file" ;; *) cat "$file" ;; esac > "$work/$name"
    return
  done
  echo "rossmann.sh: '$source' has no $name" >&2
  exit 2
}
plain train.csv "$source"/train*.csv "$source"/train*.csv.gz
plain test.csv "$source"/test.csv "$source"/test.csv.gz
plain store.csv "$source"/store.csv "$source"/store.csv.gz
plain store_states.csv "$source"/store_states.csv "$source"/store_states.csv.gz
tar -xzf "$source/weather.tar.gz" -C "$work"
tar -xzf "$source/googletrend.tar.gz" -C "$work"
for file in "$work"/weather/*.csv; do
  sed -i -e 's/\r$//' -e 's/;/,/g' -e ':again; s/,NA\(,\|$\)/,\1/; t again' "$file"
done
for file in "$work"/googletrend/*.csv; do
  sed -i -e 's/\r$//' -e '1s/.*/Week,Trend/' "$file"
done
mv "$work" "$dest"
