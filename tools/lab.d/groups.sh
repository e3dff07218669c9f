# Control groups, both versions: a group holds a program within bytes and requests a second of each disk, and within memory.

# v1 or v2; fails where neither can limit a block device.
groups_kind() {
  if [ -w /sys/fs/cgroup/blkio/blkio.throttle.read_bps_device ] && [ -d /sys/fs/cgroup/memory ]; then echo v1
  elif grep -qw io /sys/fs/cgroup/cgroup.controllers 2> /dev/null; then echo v2
  else fail "needs a control group for block devices: blkio (v1) or io (v2) mounted at /sys/fs/cgroup, with throttling in the kernel"; fi
}

# group_make NAME
group_make() {
  case $(groups_kind) in
    v1) mkdir "/sys/fs/cgroup/blkio/$1" "/sys/fs/cgroup/memory/$1" ;;
    v2) echo "+io +memory" > /sys/fs/cgroup/cgroup.subtree_control; mkdir "/sys/fs/cgroup/$1" ;;
  esac
}

# group_limit NAME MAJ:MIN READ_BYTES WRITE_BYTES IOPS
group_limit() {
  case $(groups_kind) in
    v1) local in=/sys/fs/cgroup/blkio/$1
      echo "$2 $3" > "$in/blkio.throttle.read_bps_device"; echo "$2 $4" > "$in/blkio.throttle.write_bps_device"
      echo "$2 $5" > "$in/blkio.throttle.read_iops_device"; echo "$2 $5" > "$in/blkio.throttle.write_iops_device" ;;
    v2) echo "$2 rbps=$3 wbps=$4 riops=$5 wiops=$5" > "/sys/fs/cgroup/$1/io.max" ;;
  esac
}

# Under v1 the kernel's own threads write dirty pages back, outside of any group: they are held by a limit on the root group.
# group_limit_writeback MAJ:MIN BYTES IOPS     (0 0 lifts it)
group_limit_writeback() {
  [ "$(groups_kind)" = v1 ] || return 0
  echo "$1 $2" > /sys/fs/cgroup/blkio/blkio.throttle.write_bps_device
  echo "$1 $3" > /sys/fs/cgroup/blkio/blkio.throttle.write_iops_device
}

# group_memory NAME BYTES. Swap would be memory that is not counted: none.
group_memory() {
  case $(groups_kind) in
    v1) echo "$2" > "/sys/fs/cgroup/memory/$1/memory.limit_in_bytes"
      echo 0 > "/sys/fs/cgroup/memory/$1/memory.swappiness" 2> /dev/null || true ;;
    v2) echo "$2" > "/sys/fs/cgroup/$1/memory.max"; echo 0 > "/sys/fs/cgroup/$1/memory.swap.max" 2> /dev/null || true ;;
  esac
}

# group_enter NAME PID
group_enter() {
  case $(groups_kind) in
    v1) echo "$2" > "/sys/fs/cgroup/blkio/$1/cgroup.procs"; echo "$2" > "/sys/fs/cgroup/memory/$1/cgroup.procs" ;;
    v2) echo "$2" > "/sys/fs/cgroup/$1/cgroup.procs" ;;
  esac
}

# The folder whose memory.stat and cgroup.procs speak of the group.
group_folder() { case $(groups_kind) in v1) echo "/sys/fs/cgroup/memory/$1" ;; v2) echo "/sys/fs/cgroup/$1" ;; esac; }

# Ends what still runs in the group, then the group.
group_remove() {
  local name=$1 folder; folder=$(group_folder "$name")
  [ -d "$folder" ] || return 0
  for _ in {1..100}; do
    local left; left=$(cat "$folder/cgroup.procs" 2> /dev/null || true)
    [ -n "$left" ] || break
    # shellcheck disable=SC2086
    kill -KILL $left 2> /dev/null || true
    sleep 0.05
  done
  case $(groups_kind) in
    v1) rmdir "/sys/fs/cgroup/blkio/$name" "/sys/fs/cgroup/memory/$name" ;;
    v2) rmdir "/sys/fs/cgroup/$name" ;;
  esac
}
