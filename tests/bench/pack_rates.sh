#!/usr/bin/env bash
# How fast pack copies records from one disk to another, against what the two take for the bytes that were read and written (the slower of them): SOURCE=FOLDER DEST=FOLDER tests/bench/pack_rates.sh
# Limits come from outside (tools/lab run). Sets: 1,280,000 records of 4 KiB and 50,000 of 110 KB (SIZE=full), a twentieth of that (SIZE=small).
# SIZE small   ROUNDS 3   THREADS 2   BUILD build   TO "tar lmdb"
set -euo pipefail
here=$(cd "$(dirname "$0")/../.." && pwd); penstock=${BUILD:-$here/build}/penstock
from=${SOURCE:?a folder on the disk to read} to=${DEST:?a folder on the disk to write}
rounds=${ROUNDS:-3} threads=${THREADS:-2} divide=20; [ "${SIZE:-small}" = full ] && divide=1
calc() { python3 -c "print($1)"; }
seconds() { local begin; begin=$(date +%s.%N); "$@" > /dev/null; calc "$(date +%s.%N) - $begin"; }

# tar_of FILE RECORDS BYTES
tar_of() {
  python3 - "$@" << 'PY'
import os, sys, tarfile
path, n, size = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
pool = os.urandom((1 << 20) + size)
with open(path, "wb", 1 << 22) as out:
    for i in range(n):
        info = tarfile.TarInfo(f"{i:08d}.jpg"); info.size = size
        at = i * 4099 % (1 << 20)
        out.write(info.tobuf(tarfile.USTAR_FORMAT)); out.write(pool[at:at + size]); out.write(bytes(-size % 512))
    out.write(bytes(1024)); out.flush(); os.fsync(out.fileno())
PY
}

for set in "$((1280000 / divide)) 4096" "$((50000 / divide)) 112640"; do
  read -r records bytes <<< "$set"
  source=$from/source.tar; rm -f "$source"*; tar_of "$source" "$records" "$bytes"
  "$penstock" info "$source" --quiet > /dev/null  # the index
  payload=$((records * bytes))
  for format in ${TO:-tar lmdb}; do
    ratios=''
    for round in $(seq "$rounds"); do
      rm -rf "$to"/made*
      read_s=$(seconds dd if="$source" of=/dev/null bs=4M iflag=direct status=none)
      write_s=$(seconds dd if=/dev/zero of="$to/made.zero" bs=4M count=$((payload / 4194304)) oflag=direct conv=fsync status=none); rm -f "$to/made.zero"
      dd if="$source" of=/dev/null iflag=nocache count=0 status=none  # what is cached of it is forgotten
      took=$(seconds "$penstock" pack "$source" "$to/made.$format" --to "$format" --unchecked --threads "$threads" --quiet)
      read_least=$read_s made=$(find "$to" -maxdepth 2 -path "$to/made.$format*" -type f -printf '%s\n' | awk '{ sum += $1 } END { print sum }')
      write_least=$(calc "$made / ($payload / 4194304 * 4194304 / $write_s)")
      echo "   $records of $bytes into $format, round $round: $(calc "round($took, 1)") s, $(calc "round($payload / $took / 1e6, 1)") MB/s of payload; reading $(stat -c %s "$source") bytes alone $(calc "round($read_least, 1)") s, writing $made alone $(calc "round($write_least, 1)") s"
      ratios+=" $(calc "max($read_least, $write_least) / $took")"
    done
    python3 - "$records of $bytes into $format" $ratios << 'PY'
import statistics as s, sys
v = sorted(map(float, sys.argv[2:])); m = s.median(v)
print(f"pack {sys.argv[1]}: {m:.3f} of the slower disk (min {v[0]:.3f}, max {v[-1]:.3f}, n {len(v)}), asked >= 0.9: " + ("met" if m >= 0.9 else "MISSED"))
PY
  done
done
