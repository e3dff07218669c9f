# What the figures share: disks, data, runs and verdicts.
record=114660                       # bytes, as MLPerf Storage's resnet50
if [ "$size" = full ]; then records=64000; else records=9600; fi
set_bytes=$((records * record))

disk() { "$lab" disk "$@" | sed 's/^/   /'; }
place() { echo "$PENSTOCK_LAB/$1/mount"; }
mib() { echo "$((($1 >> 20) + 1))M"; }
room() { mib $((set_bytes + set_bytes / 20 + (192 << 20))); }  # for one set
# device NAME bytes|reads: what the device counted since it was made or reset.
device() { "$lab" stat "$1" | awk -v k="$2" '{ print k == "bytes" ? $3 : $5 }'; }
reset() { "$lab" cold "$1"; "$lab" stat --reset "$1" > /dev/null; }

# make_tar FILE RECORDS BYTES [CLASSES]: incompressible records; with CLASSES sorted by class, the class beside each. An index is written too.
make_tar() {
  python3 - "$@" <<'PY'
import os, sys, tarfile
path, n, size = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
classes = int(sys.argv[4]) if len(sys.argv) > 4 else 0
pool = os.urandom(min(size, 1 << 20) + 4096)
def member(out, name, data):
    info = tarfile.TarInfo(name); info.size = len(data)
    out.write(info.tobuf(tarfile.USTAR_FORMAT)); out.write(data); out.write(bytes(-len(data) % 512))
with open(path, "wb", 1 << 22) as out:
    for i in range(n):
        body = (i.to_bytes(8, "little") + pool[i % 4096:])[:size]
        body += bytes(0) if len(body) == size else (pool * (size // len(pool) + 1))[:size - len(body)]
        member(out, f"{i:09d}.jpg", body)
        if classes: member(out, f"{i:09d}.cls", str(i * classes // n).encode())
    out.write(bytes(1024)); out.flush(); os.fsync(out.fileno())
PY
  nothing "$1"
}

# make_folder DIR RECORDS BYTES
make_folder() {
  python3 - "$@" <<'PY'
import os, sys
path, n, size = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
pool = os.urandom(size + 4096)
for i in range(n):
    at = os.path.join(path, f"class{i % 10}"); os.makedirs(at, exist_ok=True)
    with open(os.path.join(at, f"{i:07d}.jpg"), "wb") as f: f.write(pool[i % 4096:][:size])
os.sync()
PY
}

recipe=$work/bytes.toml
cat > "$recipe" <<'TOML'
seed = 1
[data]
batch = 64
order = "block"
[budget]
ram_cache = "0B"
[train]
epochs = 8
[[stage]]
name = "bytes.hash"
TOML
# Streams nothing: writes the index of the set, and says what the program itself takes.
nothing() { "$penstock" stream "$recipe" --data "$1" --steps 0 --set data.last=keep --json --quiet > "$work/nothing.json"; }
# streamed DATA OPTION...: a stream within the limits of the disks, its JSON to $work/run.json. RAM and WATCH are lab run's.
streamed() {
  local data=$1; shift
  "$lab" run ${RAM:+--ram "$RAM"} ${WATCH:+--watch "$WATCH"} -- "$penstock" stream "$recipe" --data "$data" --threads "$threads" \
    --json --quiet "$@" > "$work/run.json" 2> "$work/run.err" || { cat "$work/run.err" >&2; fail "stream of '$data' failed: $*"; }
}
key() { python3 -c 'import json, sys; print(json.load(open(sys.argv[2]))[sys.argv[1]])' "$1" "${2:-$work/run.json}"; }
# tier NAME KEY
tier() {
  python3 -c 'import json, sys
print(sum(t[sys.argv[2]] for t in json.load(open(sys.argv[3]))["tiers"] if t["name"] == sys.argv[1]))' "$1" "$2" "$work/run.json"
}
calc() { python3 -c "print($1)"; }
payload_rate() { calc "$(key records) * $record / $(key seconds)"; }

# ceiling FILE [BLOCK_BYTES]: bytes a second of fio past the page cache within the limits: front to back, or blocks of that size in a random order.
ceiling() {
  local file=$1 block=${2:-0}
  python3 - "$file" "$block" > "$work/iolog" <<'PY'
import os, random, sys
path, block = sys.argv[1], int(sys.argv[2]); size = min(os.path.getsize(path), 2 << 30) >> 20 << 20
block = max(1 << 20, block >> 20 << 20) if block else size
starts = list(range(0, size, block)); random.Random(1).shuffle(starts)
print("fio version 2 iolog"); print(path, "add"); print(path, "open")
for start in starts:
    for at in range(start, min(start + block, size), 1 << 20): print(path, "read", at, 1 << 20)
print(path, "close")
PY
  "$lab" run -- fio --name=ceiling --read_iolog="$work/iolog" --direct=1 --ioengine=libaio --iodepth=8 --replay_no_stall=1 --output-format=json \
    > "$work/fio.json" || fail "fio failed on '$file'"
  python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["jobs"][0]["read"]["bw_bytes"])' "$work/fio.json"
}

# best FILE NAME [BLOCK]: the ceiling, or what the disk was made to give where fio shows less (its start counts in short runs).
best() {
  local named; named=$("$lab" list | sed -n "s/^$2: .*reads \([0-9]*\) MB.*/\1/p")
  calc "max($(ceiling "$1"), $named * 1e6)"
}

# "median 1.02 (min 0.99, max 1.05, n 3)" of the numbers on stdin.
spread() { python3 -c 'import sys, statistics as s; v = sorted(map(float, sys.stdin.read().split())); print(f"median {s.median(v):.4g} (min {v[0]:.4g}, max {v[-1]:.4g}, n {len(v)})")'; }
# judge WHAT ge|le LIMIT: of the numbers on stdin, by their median.
judge() {
  python3 -c 'import sys, statistics as s
v = sorted(map(float, sys.stdin.read().split())); m = s.median(v); limit = float(sys.argv[3])
met = m >= limit if sys.argv[2] == "ge" else m <= limit
sign = ">=" if sys.argv[2] == "ge" else "<="
print(f"{sys.argv[1]}: median {m:.4g} (min {v[0]:.4g}, max {v[-1]:.4g}, n {len(v)}), asked {sign} {limit:.4g}: " + ("met" if met else "MISSED"))' "$@"
}
