#!/usr/bin/env bash
# Which share of the CPU time of training a small net on a table goes to the engine: reading, parsing, encoding, ordering, batches (all code of Penstock and TBB), beside torch with its OpenMP and the kernel.
#   tests/bench/tables/engine_share.sh RECIPE DATA [EPOCHS = 3] [TURNS = 3]       needs perf(1)
# Preparing and fitting are done before, by a first run; starting the program is part of it. OpenMP sleeps where it waits, so that waiting does not count as torch's work.
# PENSTOCK: another program than build/penstock.
set -euo pipefail
cd "$(dirname "$0")/../../.."
recipe=$1 data=$2 epochs=${3:-3} turns=${4:-3}
penstock=${PENSTOCK:-build/penstock}
export OMP_WAIT_POLICY=${OMP_WAIT_POLICY:-passive}
command -v perf >/dev/null || { echo "perf is not installed: apt-get install linux-perf" >&2; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
train() { "$@" "$penstock" train "$recipe" --data "$data" --out "$work/run" --quiet --set train.epochs="$epochs" >/dev/null; rm -rf "$work/run"; }
train env
for turn in $(seq "$turns"); do
  train perf record -q -F 997 -o "$work/perf.data"
  perf report -i "$work/perf.data" --no-children -g none --sort dso,sym -F period,dso,sym -t ';' 2>/dev/null >"$work/report"
  python3 - "$work/report" "$turn" <<'PY'
import sys

sums = {"engine": 0, "torch": 0, "kernel": 0, "other": 0}
parts = {}
for line in open(sys.argv[1]):
    cells = [cell.strip() for cell in line.split(";")]
    if len(cells) < 3 or not cells[0].isdigit():
        continue
    period, dso, symbol = int(cells[0]), cells[1], cells[2]
    if "kernel" in dso:
        who = "kernel"
    elif dso.startswith("penstock") or dso.startswith("libtbb") or dso.startswith("libxxhash") or dso.startswith("libpenstock"):
        who = "engine"
        parts[symbol] = parts.get(symbol, 0) + period
    elif any(word in dso for word in ("torch", "libc10", "gomp", "blas", "mkl", "libm.so")):
        who = "torch"
    else:
        who = "other"
    sums[who] += period
whole = sum(sums.values())
print("turn %s: " % sys.argv[2] + ", ".join("%s %.1f %%" % (who, 100 * part / whole) for who, part in sums.items()))
for symbol, part in sorted(parts.items(), key=lambda item: -item[1])[:5]:
    print("    %4.1f %%  %s" % (100 * part / whole, symbol[:120]))
PY
done
