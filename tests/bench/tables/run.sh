#!/usr/bin/env bash
# CSV and the packed form to encoded batches, beside DuckDB's and Arrow's CSV readers on the same file in the same run.
#   tests/bench/tables/run.sh FOLDER [MEGABYTES] [ROUNDS]        PYTHONPATH must lead to duckdb and pyarrow
# FOLDER gets a made file of so many megabytes (default 1000) and its packed form.
set -euo pipefail
cd "$(dirname "$0")/../../.."
folder=$1 megabytes=${2:-1000} rounds=${3:-3}
csv=$folder/criteo-$megabytes.csv arrow=$folder/criteo-$megabytes.arrow
mkdir -p "$folder"
[ -e "$csv" ] || build/tests/make_criteo "$megabytes" "$csv" 3
[ -e "$arrow" ] || build/penstock pack "$csv" "$arrow" --quiet
stream() {
  build/penstock stream tests/bench/tables/criteo.toml --data "$1" --quiet --json --set data.last=keep
}
rates() {
  stream "$1" >/dev/null  # index, fit, page cache
  for _ in $(seq "$rounds"); do
    stream "$1" | python3 -c '
import json, os, sys
d = json.load(sys.stdin)
print("%s: %d rows in %.2f s, %.0f MB/s of the file, peak RSS %.0f MB" % (os.path.basename(sys.argv[1]), d["records"], d["seconds"], os.path.getsize(sys.argv[1]) / d["seconds"] / 1e6, d["peak_rss_bytes"] / 1e6))
' "$1"
  done
}
rates "$csv"
python3 tests/bench/tables/peers.py "$csv" 2 "$rounds"
rates "$arrow"
build/tests/gather_bench "$arrow" $((2 * rounds + 1))  # the packed form beside a gather of the same rows
