# Disks: a preallocated file, a loop device over it that goes past the page cache of the file, ext4, a mount.
# $state/NAME/disk holds its facts as shell variables.

# field NAME KEY
field() { (. "$state/$1/disk"; echo "${!2}"); }
# The device's own counters: reads, sectors read, writes, sectors written.
counters() { awk -v d="$1" '$3 == d { print $4, $6, $8, $10 }' /proc/diskstats; }

lab_disk() {
  [ $# -ge 1 ] || fail "disk needs a NAME"
  local name=$1; shift
  [[ $name =~ ^[a-z][a-z0-9_-]{0,31}$ ]] || fail "'$name' is no name for a disk: small letters, digits, - and _"
  local kind='' size='' read_mb='' write_mb='' iops='' at='' fragment=''
  while [ $# -gt 0 ]; do
    case $1 in
      --kind) valued "$1" $#; kind=$2; shift 2 ;;
      --size) valued "$1" $#; size=$(bytes "$2"); shift 2 ;;
      --read-mb) valued "$1" $#; number "$1" "$2"; read_mb=$2; shift 2 ;;
      --write-mb) valued "$1" $#; number "$1" "$2"; write_mb=$2; shift 2 ;;
      --iops) valued "$1" $#; number "$1" "$2"; iops=$2; shift 2 ;;
      --at) valued "$1" $#; at=$(readlink -m "$2"); shift 2 ;;
      --fragmented) fragment=256; shift; if [[ ${1:-} =~ ^[0-9]+$ ]]; then number --fragmented "$1"; fragment=$1; shift; fi ;;
      *) fail "disk: unknown option '$1'" ;;
    esac
  done
  local rotational=0
  case $kind in
    hdd) rotational=1; : "${read_mb:=200}" "${write_mb:=180}" ;;
    ssd) : "${read_mb:=500}" "${write_mb:=450}" "${iops:=90000}" ;;
    flash) : "${read_mb:=30}" "${write_mb:=15}" "${iops:=1000}" ;;
    *) fail "disk needs --kind hdd, ssd or flash" ;;
  esac
  # A hard disk's requests: as many as keep full speed at 512 KiB each, the least that the kernel makes of one large read.
  if [ "$kind" = hdd ] && [ -z "$iops" ]; then iops=$(((read_mb * 1000000 + 524287) / 524288 + 1)); fi
  [ -n "$size" ] || fail "disk needs --size"
  [ "$size" -ge $((32 << 20)) ] || fail "--size: at least 32M"
  [ ! -e "$state/$name" ] || fail "there is a disk '$name' already: lab down $name"
  groups_kind > /dev/null
  at=${at:-$state/$name/mount}
  mkdir -p "$state"
  local free; free=$(df --output=avail -B1 "$state" | tail -1)
  [ "$free" -gt $((size + (64 << 20))) ] || fail "'$state' has $((free >> 20)) MiB free, the disk needs $((size >> 20)): set PENSTOCK_LAB to a roomier place"
  making=$name; trap 'status=$?; trap - EXIT INT TERM; [ -z "${making:-}" ] || disk_remove "$making"; exit $status' EXIT
  trap 'exit 130' INT; trap 'exit 143' TERM
  mkdir -p "$state/$name"
  local made_at=0; [ -d "$at" ] || made_at=1
  mountpoint -q "$at" && fail "'$at' is mounted already"
  mkdir -p "$at"
  fallocate -l "$size" "$state/$name/image"
  local loop; loop=$(losetup --find --show --direct-io=on "$state/$name/image") || fail "no loop device to be had for '$state/$name/image'"
  local number; number=$(cat "/sys/block/${loop#/dev/}/dev")
  { echo "name=$name kind=$kind size=$size read_bytes=$((read_mb * 1000000)) write_bytes=$((write_mb * 1000000)) iops=$iops"
    printf 'loop=%s number=%s at=%q made_at=%s\n' "$loop" "$number" "$at" "$made_at"; } > "$state/$name/disk"
  [ "$(cat "/sys/block/${loop#/dev/}/loop/dio")" = 1 ] || echo "lab: note: '$state' knows no direct I/O; the machine's page cache stands before '$name'" >&2
  echo "$rotational" > "/sys/block/${loop#/dev/}/queue/rotational"
  mkfs.ext4 -q -F -b 4096 -m 0 -E lazy_itable_init=0,lazy_journal_init=0,nodiscard "$loop"
  mount -o noatime "$loop" "$at"
  if [ -n "$fragment" ]; then disk_fragment "$at" "$fragment"; fi
  sync -f "$at"
  group_limit_writeback "$number" $((write_mb * 1000000)) "$iops"
  counters "${loop#/dev/}" > "$state/$name/since"
  making=''
  echo "$name: $kind of $((size >> 20)) MiB at $at ($loop), reads $read_mb MB/s, writes $write_mb MB/s, $iops requests/s; in force under lab run"
}

# Fills the disk with small files and deletes every other one, in the order in which they lie: what is written later finds holes of KIB only.
disk_fragment() {
  local at=$1 kib=$2
  mkdir "$at/.filler"
  # Until the disk is full: that is what ends it.
  split -b "${kib}K" -a 5 /dev/zero "$at/.filler/" 2> /dev/null || true
  sync -f "$at"
  find "$at/.filler" -type f -print0 | xargs -0 filefrag -v |
    awk '$1 == "0:" { split($4, first, "."); at = first[1] } /extents? found$/ { sub(/: [0-9]+ extents? found$/, ""); print at, $0 }' |
    sort -n | awk 'NR % 2 { print $2 }' | xargs rm -f
  sync -f "$at"
}

# disk_remove NAME: whatever of it there is, finished or not.
disk_remove() {
  local name=$1 loop='' number='' at='' made_at=0
  if [ -f "$state/$name/disk" ]; then
    # shellcheck disable=SC1090
    . "$state/$name/disk"
  else
    loop=$(losetup -j "$state/$name/image" 2> /dev/null | cut -d: -f1 | head -1)
  fi
  if [ -n "$at" ] && mountpoint -q "$at"; then
    umount "$at" 2> /dev/null || { echo "lab: '$at' is in use; it goes as soon as nothing uses it" >&2; umount -l "$at"; }
  fi
  [ -z "$number" ] || group_limit_writeback "$number" 0 0 || true
  [ -z "$loop" ] || losetup -d "$loop" 2> /dev/null || true
  if [ "$made_at" = 1 ] && [ -d "$at" ]; then rmdir "$at" 2> /dev/null || true; fi
  rm -rf --one-file-system "${state:?}/${name:?}"
  rmdir "$state" 2> /dev/null || true
}

disk_names() { local d; for d in "$state"/*/disk; do [ -f "$d" ] && basename "$(dirname "$d")"; done; true; }

lab_down() {
  if [ $# -gt 0 ]; then [ -d "$state/$1" ] || fail "there is no disk '$1'"; disk_remove "$1"; return; fi
  # Programs of a lab run that was killed outright, with their groups.
  local group
  for group in /sys/fs/cgroup/blkio/penstock-lab-* /sys/fs/cgroup/penstock-lab-*; do
    [ -d "$group" ] || continue
    kill -0 "${group##*-}" 2> /dev/null || group_remove "$(basename "$group")"
  done
  local d; for d in "$state"/*/; do [ -d "$d" ] && disk_remove "$(basename "$d")"; done; true
}

lab_list() {
  local name
  for name in $(disk_names); do
    # shellcheck disable=SC1090
    (. "$state/$name/disk"
     echo "$name: $kind of $((size >> 20)) MiB at $at ($loop), reads $((read_bytes / 1000000)) MB/s, writes $((write_bytes / 1000000)) MB/s, $iops requests/s")
  done
}

lab_stat() {
  local reset=0; if [ "${1:-}" = --reset ]; then reset=1; shift; fi
  [ $# -ge 1 ] || fail "stat needs a NAME"
  local name=$1; shift; known "$name"
  local loop; loop=$(field "$name" loop); loop=${loop#/dev/}
  counters "$loop" | cat "$state/$name/since" - | awk -v name="$name" '
    NR == 1 { for (i = 1; i <= 4; ++i) was[i] = $i }
    NR == 2 { for (i = 1; i <= 4; ++i) n[i] = $i - was[i]
      printf "%s read_bytes %.0f reads %d mean_read_bytes %.0f written_bytes %.0f writes %d\n", name, n[2] * 512, n[1],
             n[1] ? n[2] * 512 / n[1] : 0, n[4] * 512, n[3] }'
  for file in "$@"; do filefrag "$file"; done
  if [ $reset = 1 ]; then counters "$loop" > "$state/$name/since"; fi
}

lab_cold() {
  [ $# = 1 ] || fail "cold needs a NAME"
  known "$1"
  local at loop; at=$(field "$1" at); loop=$(field "$1" loop)
  umount "$at" || fail "'$at' is in use: nothing was forgotten"
  blockdev --flushbufs "$loop"
  mount -o noatime "$loop" "$at"
}
