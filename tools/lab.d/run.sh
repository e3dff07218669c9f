# Running a command within the limits of the disks.

lab_run() {
  local ram='' watch=''
  while [ $# -gt 0 ]; do
    case $1 in
      --ram) valued "$1" $#; ram=$(bytes "$2"); shift 2 ;;
      --watch) valued "$1" $#; watch=$2; shift 2 ;;
      --) shift; break ;;
      -*) fail "run: unknown option '$1'" ;;
      *) break ;;
    esac
  done
  [ $# -gt 0 ] || fail "run needs a COMMAND behind --"
  [ -z "$watch" ] || : > "$watch" || fail "cannot write '$watch'"
  group=penstock-lab-$$ child='' watcher=''
  trap 'run_end $?' EXIT
  # A signal goes on to the command, which may end in its own way; then the group goes.
  trap 'caught=130; [ -z "$child" ] || kill -INT "$child" 2> /dev/null || true' INT
  trap 'caught=143; [ -z "$child" ] || kill -TERM "$child" 2> /dev/null || true' TERM HUP
  group_make "$group"
  local name
  for name in $(disk_names); do
    # shellcheck disable=SC1090
    (. "$state/$name/disk"; group_limit "$group" "$number" "$read_bytes" "$write_bytes" "$iops")
  done
  [ -z "$ram" ] || group_memory "$group" "$ram"
  # Input is handed over by name: bash gives a background command /dev/null. SIGINT is ignored there too; `env` gives it back.
  (group_enter "$group" "$BASHPID"; exec env --default-signal=INT,QUIT -- "$@") <&0 &
  child=$!
  if [ -n "$watch" ]; then run_watch "$watch" & watcher=$!; fi
  local status=0 caught=0
  while :; do
    status=0; wait "$child" || status=$?
    kill -0 "$child" 2> /dev/null || break
  done
  child=''
  exit "$status"
}

run_end() {
  trap - EXIT; trap '' INT TERM HUP
  [ -z "$watcher" ] || { kill "$watcher" 2> /dev/null; wait "$watcher" 2> /dev/null; } || true
  group_remove "$group"
  exit "$1"
}

# Ten lines a second: seconds, anonymous memory, page cache, dirty and under writeback (all bytes); then for each disk NAME=READS:BYTES,
# counted by the device.
run_watch() {
  set +e
  local folder begin key value name; folder=$(group_folder "$group")
  begin=$(date +%s%N)
  declare -A devices was_reads was_sectors
  for name in $(disk_names); do
    value=$(field "$name" loop); devices[${value#/dev/}]=$name
    read -r was_reads[$name] was_sectors[$name] _ < <(counters "${value#/dev/}")
  done
  exec {never}<> <(:)
  while [ -d "$folder" ]; do
    local rss=0 cache=0 dirty=0 writeback=0 line=''
    while read -r key value; do
      case $key in rss | anon) rss=$value ;; cache | file) cache=$value ;; dirty | file_dirty) dirty=$value ;; writeback | file_writeback) writeback=$value ;; esac
    done < "$folder/memory.stat"
    while read -r _ _ key reads _ sectors _; do
      name=${devices[$key]:-}
      [ -z "$name" ] || line+=" $name=$((reads - was_reads[$name])):$(((sectors - was_sectors[$name]) * 512))"
    done < /proc/diskstats
    value=$((($(date +%s%N) - begin) / 1000000))
    printf '%d.%03d %s %s %s%s\n' $((value / 1000)) $((value % 1000)) "$rss" "$cache" $((dirty + writeback)) "$line" >> "$1"
    read -r -t 0.1 -u "$never" || true
  done
}
