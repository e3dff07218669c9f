#!/usr/bin/env bash
# Simulated lanes on real data: does the data side keep them computing, and are uploads and sums of gradients hidden?
#   tests/bench/lanes/run.sh [ROUNDS=3]        prints two Markdown tables; DATA: $PENSTOCK_DATA, default ../shared/data
# A step is simulated (nothing is computed), everything else is real: reading, decoding, batches, the copies to the lanes.
set -euo pipefail
cd "$(dirname "$0")/../../.."
rounds=${1:-3}
penstock=${PENSTOCK:-build/penstock}
data=${PENSTOCK_DATA:-../shared/data}/imagenette-224/train
[ -d "$data" ] || { echo "no $data" >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$penstock" pack "$data" "$work/set.lmdb" --resize 128 --encode jpeg --quality 90 --quiet > /dev/null
export work penstock rounds
python3 - <<'PY'
import json, os, statistics, subprocess

work, penstock, rounds = os.environ["work"], os.environ["penstock"], int(os.environ["rounds"])
STEP_MS, SHARE = 50, 64

def stream(lanes, seconds, *more):
    batch = SHARE * lanes
    steps = max(20, int(seconds / STEP_MS * 1000))
    epochs = steps * batch // (1000 // batch * batch) + 1 if batch <= 1000 else steps
    out = subprocess.run([penstock, "stream", "imagenette-resnet18", "--data", f"{work}/set.lmdb", "--json", "--quiet",
                          "--set", f"data.batch={batch}", "--set", "data.last=wrap", "--epochs", str(epochs),
                          "--steps", str(steps), "--lanes", str(lanes), *more],
                         check=True, capture_output=True, text=True).stdout
    return json.loads(out)

def free(lanes):
    out = subprocess.run([penstock, "stream", "imagenette-resnet18", "--data", f"{work}/set.lmdb", "--json", "--quiet",
                          "--set", f"data.batch={SHARE * lanes}", "--epochs", "8"], check=True, capture_output=True, text=True).stdout
    return json.loads(out)["records_per_second"]

def spread(values, digits=3):
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f} - {max(values):.{digits}f})"

cases = [1, 2, 4, 8, 16]
scaling = {lanes: [] for lanes in cases}
overlap_cases = [("4 lanes, 4 GB/s, 102 MB of gradients, 100 ms", 4, "100", ["--link", "4GB", "--gradients", "102MB"]),
                 ("the same, 50 ms", 4, "50", ["--link", "4GB", "--gradients", "102MB"]),
                 ("8 lanes, 4 GB/s, 102 MB, 100 ms", 8, "100", ["--link", "4GB", "--gradients", "102MB"]),
                 ("4 lanes, 1 GB/s, 102 MB, 100 ms", 4, "100", ["--link", "1GB", "--gradients", "102MB"]),
                 ("4 lanes, 4 GB/s, no gradients, 100 ms", 4, "100", ["--link", "4GB"])]
overlap = {case[0]: [] for case in overlap_cases}
ceiling = []
for _ in range(rounds):
    ceiling.append(free(4))
    for lanes in cases:
        scaling[lanes].append(stream(lanes, 3, "--step-ms", str(STEP_MS)))
    for name, lanes, step, more in overlap_cases:
        overlap[name].append(stream(lanes, 3, "--step-ms", step, *more))

print(f"The data side alone: {spread(ceiling, 0)} images/s.\n")
print(f"| lanes of {SHARE} images in {STEP_MS} ms | asked for, images/s | lanes busy (of ideal) | limit |\n|---|---|---|---|")
for lanes in cases:
    runs = scaling[lanes]
    busy = [statistics.mean(run["lanes"]["busy"]) for run in runs]
    limits = {run["lanes"]["limit"] if run["lanes"]["limit"] != "data" else "data: " + run["bottleneck"] for run in runs}
    print(f"| {lanes} | {lanes * SHARE * 1000 // STEP_MS} | {spread(busy)} | {', '.join(sorted(limits))} |")
print("\n| lanes, links, step | what the model says | measured | limit |\n|---|---|---|---|")
for name, lanes, step, more in overlap_cases:
    runs = overlap[name]
    busy = [statistics.mean(run["lanes"]["busy"]) for run in runs]
    print(f"| {name} | {runs[0]['lanes']['predicted_busy']:.3f} | {spread(busy)} | {', '.join(sorted({run['lanes']['limit'] for run in runs}))} |")
PY
