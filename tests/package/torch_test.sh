#!/usr/bin/env bash
# infer and evaluate with AOTInductor packages that torch has made, against the TorchScript of the same network:
#   tests/package/torch_test.sh PENSTOCK PENSTOCK-SYNTH [FOLDER of class folders of JPEGs]
# PENSTOCK_PYTHON names a Python with torch 2.11.0 (default python3); without one it ends with 77. On a machine without one:
#   python3 -m venv venv && venv/bin/pip install torch==2.11.0 && PENSTOCK_PYTHON=$PWD/venv/bin/python ctest --test-dir build -R package.torch -V
set -euo pipefail
penstock=$1 synth=$2 photos=${3:-}
here=$(cd "$(dirname "$0")" && pwd)
python=${PENSTOCK_PYTHON:-python3}
found=$("$python" -c 'import torch; print(torch.__version__.split("+")[0])' 2>/dev/null) || found=""
if [ "$found" != 2.11.0 ]; then
  echo "no torch 2.11.0 in $python (found: ${found:-none}); PENSTOCK_PYTHON names a Python that has it: skipped"
  exit 77
fi
export OMP_NUM_THREADS=1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
bad() { echo "FAILED: $*"; exit 1; }

TORCHINDUCTOR_CACHE_DIR=$folder/cache "$python" "$here/make_packages.py" "$folder" >"$folder/torch.log" 2>&1 ||
  { tail -n 20 "$folder/torch.log"; bad "torch makes no packages"; }
if [ -z "$photos" ]; then
  photos=$folder/photos
  "$synth" "$photos" --classes 3 --train 12 --val 1 >/dev/null
  photos=$photos/train
fi
cat >"$folder/recipe.toml" <<'TOML'
base = "imagenette-resnet18"
[data]
batch = 12
[train]
precision = "f32"
[net]
classes = 3
TOML
common=(--data "$photos" --recipe "$folder/recipe.toml" --set stage.crop.size=64 --set stage.center.size=64 --threads 1 --quiet)
infer() { "$penstock" infer "$folder/$1" "${common[@]}" --out "$folder/$2" "${@:3}"; }

infer net.pt script.csv
infer net.pt script_raw.csv --features raw
one='lanes.devices=["cpu"]' two='lanes.devices=["cpu", "cpu"]' mixed='lanes.devices=["sim:0", "cpu"]'
for name in dynamic fixed channels_last bf16; do
  for lanes in one two mixed; do infer $name.pt2 ${name}_$lanes.csv --set "${!lanes}"; done
  infer $name.pt2 ${name}_raw.csv --features output
done
"$python" - "$folder" <<'PY' || bad "a package predicts something else than TorchScript"
import csv, sys
folder = sys.argv[1]
def rows(name):
    return list(csv.DictReader(open(f"{folder}/{name}.csv")))
def off(a, b, keys):
    assert [r["file"] for r in a] == [r["file"] for r in b] and len(a) > 0
    return max(abs(float(x[k]) - float(y[k])) for x, y in zip(a, b) for k in keys)
script, raw = rows("script"), rows("script_raw")
spread = max(float(r["f0"]) for r in raw) - min(float(r["f0"]) for r in raw)
assert spread > 0.1, spread  # pictures that the network tells apart
for name, limit in (("dynamic", 1e-4), ("fixed", 1e-4), ("channels_last", 1e-4), ("bf16", 0.1)):
    by_lanes = [off(rows(f"{name}_{lanes}"), script, ["probability"]) for lanes in ("one", "two", "mixed")]
    logits = off(rows(f"{name}_raw"), raw, ["f0", "f1", "f2"])
    print(f"{name}: {len(script)} records, logits (spread {spread:.2f}) off by {logits:.1e}, probabilities by {max(by_lanes):.1e}")
    assert logits < limit and max(by_lanes) < limit, (name, logits, by_lanes)
PY

figures() { "$penstock" evaluate "$folder/$1" "${common[@]}" --json | "$python" -c '
import json, sys
f = json.load(sys.stdin); print(f["records"], "%.4f" % f["top1"], "%.3f" % f["loss"])'; }
[ "$(figures net.pt)" = "$(figures fixed.pt2)" ] || bad "evaluate: $(figures net.pt) and $(figures fixed.pt2)"

refused() { # what words...
  local text
  text=$(infer "$1" refused.csv 2>&1) && bad "$1 was taken"
  grep -q "$2" <<<"$text" || bad "$1: $text"
}
refused two_outputs.pt2 "has 2 outputs"
refused two_inputs.pt2 "takes several inputs"
size=$(stat -c %s "$folder/dynamic.pt2")
head -c $((size / 2)) "$folder/dynamic.pt2" >"$folder/half.pt2"
refused half.pt2 "is no whole archive of torch:"
[ ! -e "$folder/refused.csv" ] || bad "a refused model left a file"

# Two processes, one file.
"$here/../mpi/run.sh" 2 "$penstock" infer "$folder/fixed.pt2" "${common[@]}" --out "$folder/mpi.csv"
cmp "$folder/mpi.csv" "$folder/fixed_one.csv" || bad "two processes predict something else"
echo "packages of torch predict what TorchScript does"
