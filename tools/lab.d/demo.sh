# The demonstration: from nothing to a picture of two epochs.

lab_demo() {
  local out=penstock-demo
  while [ $# -gt 0 ]; do
    case $1 in
      --out) valued "$1" $#; out=$2; shift 2 ;;
      *) fail "demo: unknown option '$1'" ;;
    esac
  done
  demo_program=${PENSTOCK:-$parts/../../build/penstock}
  [ -x "$demo_program" ] || fail "no program at '$demo_program': tools/build.sh makes it; PENSTOCK=... names another"
  command -v python3 > /dev/null || fail "needs python3, which makes the records"
  groups_kind > /dev/null
  mkdir -p "$out"
  # A lab of its own: disks that are there already are left alone.
  mkdir -p "$(dirname "$state")"
  demo_lab=$(mktemp -d "$(dirname "$state")/penstock-demo.XXXXXX")
  trap 'code=$?; trap "" INT TERM; trap - EXIT; demo_end; exit $code' EXIT
  trap 'exit 130' INT; trap 'exit 143' TERM HUP
  export PENSTOCK_LAB=$demo_lab XDG_CACHE_HOME=$demo_lab.cache
  "$0" disk slow --kind hdd --size 1G --read-mb 60 --write-mb 400
  "$0" disk fast --kind ssd --size 1G --read-mb 300 --write-mb 250
  echo "demo: 6,000 records of 114,660 random bytes onto the hard disk"
  demo_set "$demo_lab/slow/mount/set.tar" 6000 114660
  demo_recipe > "$demo_lab/demo.toml"
  "$demo_program" stream "$demo_lab/demo.toml" --data "$demo_lab/slow/mount/set.tar" --steps 0 --quiet > /dev/null 2>&1  # the index
  "$0" cold slow
  "$0" stat --reset slow > /dev/null; "$0" stat --reset fast > /dev/null
  echo "demo: two epochs within 384 MiB of memory, 688 MB of data"
  "$0" run --ram 384M -- "$demo_program" stream "$demo_lab/demo.toml" --data "$demo_lab/slow/mount/set.tar" --epochs 2 --timeline "$out/timeline.svg"
  "$0" stat slow; "$0" stat fast
  echo "demo: $out/timeline.svg shows the rate of each tier: the hard disk (60 MB/s at most) gives the first epoch while the SSD fills, and the"
  echo "demo: SSD (300 MB/s at most) gives the second, in which the hard disk should rest. The counts above are the devices' own."
}

demo_end() {
  "$0" down || true
  rm -rf --one-file-system "${demo_lab:?}" "${demo_lab:?}.cache"
}

demo_recipe() {
  cat << TOML
seed = 1
[data]
batch = 50
order = "block"
block = 50
group_blocks = 4
[budget]
ram = "160MiB"
ram_cache = "0B"
window = "48MiB"
ssd = { path = "$demo_lab/fast/mount/cache", size = "800MiB" }
[train]
epochs = 3
[[stage]]
name = "bytes.hash"
TOML
}

# demo_set FILE RECORDS BYTES: a tar of records that do not compress.
demo_set() {
  python3 - "$@" << 'PY'
import os, sys, tarfile
path, n, size = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
pool = os.urandom(size + n)
with open(path, "wb", 1 << 22) as out:
    for i in range(n):
        info = tarfile.TarInfo(f"{i:08d}.jpg"); info.size = size
        out.write(info.tobuf(tarfile.USTAR_FORMAT)); out.write(pool[i:i + size]); out.write(bytes(-size % 512))
    out.write(bytes(1024)); out.flush(); os.fsync(out.fileno())
PY
}
