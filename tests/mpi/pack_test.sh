#!/usr/bin/env bash
# Packing with the program as 2 and 4 processes against one: tests/mpi/pack_test.sh PENSTOCK
# penstock-synth beside it makes the pictures.
set -euo pipefail
penstock=$1
run=$(dirname "$0")/run.sh
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
bad() { echo "FAILED: $*"; exit 1; }
key() { python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' "$1" "$2"; }
same_digest() {
  local made
  for made in "$1" "$2"; do
    "$penstock" stream imagenette-resnet18 --data "$made" --view eval --digest "$made.digest" --quiet > /dev/null
  done
  cmp "$1.digest" "$2.digest" || bad "$2 holds other records than $1"
}

# 1000 pictures of 60 kB, two of them damaged: one in the middle of the first chunk, one in the last.
"$(dirname "$penstock")/penstock-synth" "$folder/shapes" --classes 4 --train 250 --val 1 > /dev/null 2>&1
data=$folder/shapes/train
for n in 50 990; do truncate -s 5000 "$(ls "$data"/*/* | sed -n ${n}p)"; done
common=("$data" --threads 1 --quiet --json)

# The same bytes, of HDF5 the same records (it stores the time), and one list of what was left out.
for format in lmdb tar h5; do
  one=$folder/one.$format
  "$penstock" pack "${common[@]}" --resize 200 "$folder/one.$format" > "$folder/one.json" 2> /dev/null
  for processes in 2 4; do
    many=$folder/m$processes.$format
    "$run" $processes "$penstock" pack "${common[@]}" --resize 200 "$many" > "$folder/many.json" 2> "$folder/said" || { cat "$folder/said"; bad "$processes processes, $format"; }
    cmp "$one.rejected.jsonl" "$many.rejected.jsonl" || bad "lists of damaged records differ: $processes processes, $format"
    sed "s/m$processes/one/" "$folder/many.json" | cmp - "$folder/one.json" || bad "results differ: $processes processes, $format"
    case $format in
      lmdb) for file in data.mdb penstock.index penstock.json; do cmp "$one/$file" "$many/$file" || bad "$file of $processes processes"; done ;;
      tar) cmp "$one" "$many" || bad "the tar of $processes processes" ;;
      h5) same_digest "$one" "$many" ;;
    esac
    [ ! -e "$many.partial" ] || bad "$many.partial is left"
  done
  [ "$(wc -l < "$one.rejected.jsonl")" = 2 ] || bad "not two damaged records"
done
"$penstock" pack "${common[@]}" --shuffle "$folder/shuffled1.lmdb" > /dev/null 2>&1
"$run" 4 "$penstock" pack "${common[@]}" --shuffle "$folder/shuffled4.lmdb" > /dev/null 2>&1
cmp "$folder/shuffled1.lmdb/data.mdb" "$folder/shuffled4.lmdb/data.mdb" || bad "a shuffle of 4 processes"
"$run" 2 "$penstock" pack "${common[@]}" --resize 200 "$folder/m4.lmdb" > "$folder/again.json" 2> /dev/null
[ "$(key "$folder/again.json" already_complete)" = True ] || bad "what is finished is packed again"

# More damage than allowed: the data set is whole, all processes end by themselves, and the code says so.
code=0
"$run" 2 "$penstock" pack "${common[@]}" --resize 200 --max-damaged 0 "$folder/damaged.lmdb" > /dev/null 2> "$folder/said" || code=$?
[ "$code" = 3 ] || { cat "$folder/said"; bad "too much damage ended with $code, not 3"; }
grep -q "more than --max-damaged 0 allows (0)" "$folder/said" || { cat "$folder/said"; bad "too much damage is not said"; }
if grep -q MPI_ABORT "$folder/said"; then cat "$folder/said" && bad "a whole data set ended in MPI_ABORT"; fi
cmp "$folder/one.lmdb/data.mdb" "$folder/damaged.lmdb/data.mdb" || bad "too much damage changes the data set"

# Killed in the middle: first process 1 of 2, then the root of 4, then finished by 3.
cat > "$folder/dies.sh" <<SH
who=\$1 bytes=\$2 dest=\$3
"$penstock" pack ${common[@]} --quality 95 "\$dest" &
if [ "\$OMPI_COMM_WORLD_RANK" = "\$who" ]; then
  written() { find "\$dest.partial" -name '*.lock' -o -type f -printf '%b\n' 2> /dev/null | awk '{ b += 512 * \$1 } END { print b + 0 }'; }
  while kill -0 \$! 2> /dev/null && [ "\$(written)" -lt "\$bytes" ]; do sleep 0.02; done
  kill -9 \$!
fi
wait \$!
SH
for format in lmdb tar; do
  "$penstock" pack "${common[@]}" --quality 95 "$folder/whole.$format" > "$folder/whole.json" 2> /dev/null
  dest=$folder/killed.$format
  for try in "2 1 25000000" "4 0 50000000"; do
    set -- $try
    code=0
    timeout 120 "$run" "$1" bash "$folder/dies.sh" "$2" "$3" "$dest" > /dev/null 2> "$folder/said" || code=$?
    [ "$code" != 0 ] && [ "$code" != 124 ] || { cat "$folder/said"; bad "process $2 of $1 was killed, the job ended with $code"; }
    [ ! -e "$dest" ] && [ -e "$dest.partial" ] || { ls "$folder"; bad "a killed packing left no $dest.partial, or $dest"; }
  done
  "$run" 3 "$penstock" pack "${common[@]}" --quality 95 "$dest" > "$folder/on.json" 2> /dev/null
  before=$(key "$folder/on.json" records_before)
  [ "$before" -gt 0 ] && [ "$before" -lt 998 ] || bad "went on behind $before records"
  echo "$format: killed twice, gone on behind $before of $(key "$folder/on.json" records) records"
  same_digest "$folder/whole.$format" "$dest"
  [ "$format" != tar ] || cmp "$folder/whole.tar" "$dest" || bad "a killed tar differs"
  cmp "$folder/whole.$format.rejected.jsonl" "$dest.rejected.jsonl" || bad "a killed packing has another list of damaged records"
done

# What differs between processes, and what one of them does alone, is refused by name.
refused() {
  local words=$1
  shift
  if timeout 60 "$run" 2 "$@" > "$folder/said" 2>&1; then bad "taken: $*"; fi
  grep -q "$words" "$folder/said" || { cat "$folder/said"; bad "not said: $words"; }
  [ ! -e "$folder/never.lmdb" ] && [ ! -e "$folder/never.lmdb.partial" ] || bad "a refused job left something"
}
cp -r "$data" "$folder/less"
rm "$(ls "$folder/less"/*/* | head -1)"
cat > "$folder/other.sh" <<SH
case "\$1 \$OMPI_COMM_WORLD_RANK" in
  "source 1") exec "$penstock" pack "$folder/less" "$folder/never.lmdb" ;;
  "options 1") exec "$penstock" pack "$data" "$folder/never.lmdb" --resize 100 ;;
  "command 1") exec "$penstock" infer "$data" --data "$data" --out "$folder/never.csv" ;;
esac
exec "$penstock" pack "$data" "$folder/never.lmdb"
SH
refused "process 1 has another SOURCE than process 0" bash "$folder/other.sh" source
refused "process 1 has another way to pack than process 0" bash "$folder/other.sh" options
refused "process 1 has another command than process 0" bash "$folder/other.sh" command
refused "appending is no work for several processes" "$penstock" pack "$data" "$folder/m2.lmdb" --append
refused "plan is no work for several processes" "$penstock" pack "$data" "$folder/never.lmdb" --plan
echo "all as it should be"
