#!/usr/bin/env bash
# A file that finds no room ends in a message and code 1, in every format, and leaves nothing: tests/tools/full_disk_test.sh PENSTOCK
# A limit of the size of files stands for a full disk.
set -euo pipefail
penstock=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
awk 'BEGIN { print "f0,f1,f2,f3"; for (i = 0; i < 600; ++i) printf "%d,%d,%d,%d\n", i * 7919 % 101, i * 31 % 17, i % 13, i }' > "$folder/f.csv"
for format in csv h5; do
  code=0
  (trap '' XFSZ; ulimit -f 64; exec "$penstock" neighbours "$folder/f.csv" --k 300 --out "$folder/n.$format" --quiet) 2> "$folder/said" || code=$?
  if [ "$code" != 1 ] || [ ! -s "$folder/said" ] || [ -e "$folder/n.$format" ]; then
    echo "FAILED: $format: code $code"
    cat "$folder/said"
    ls -l "$folder"
    exit 1
  fi
done
"$penstock" neighbours "$folder/f.csv" --k 300 --out "$folder/n.h5" --quiet > /dev/null
