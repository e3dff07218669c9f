#!/usr/bin/env bash
# From a folder of class folders to a trained, evaluated and used network.
#   tools/quickstart.sh            makes a set of 2,400 pictures first, then the same with it
#   tools/quickstart.sh FOLDER     FOLDER/CLASS/*.jpg, or FOLDER/{train,val}/CLASS/*.jpg
# Everything lies under quickstart/NAME (QUICKSTART=folder: elsewhere). Started again, it goes on where it was. About ten
# minutes on two cores after the installs: long sets are sampled, and the passes are chosen so that training takes a few minutes.
set -euo pipefail

case "${1:-}" in
  -h | --help) sed -n '2,6s/^# \{0,1\}//p' "$0"; exit 0 ;;
esac
if [ $# -gt 1 ]; then echo "usage: tools/quickstart.sh [FOLDER]" >&2; exit 2; fi
folder=
if [ $# = 1 ]; then
  [ -d "$1" ] || { echo "quickstart: no folder '$1'; it should hold a folder of pictures for each class" >&2; exit 2; }
  folder=$(cd "$1" && pwd)
fi
cd "$(dirname "$0")/.."
name=shapes
if [ -n "$folder" ]; then name=$(basename "$folder"); fi
work=${QUICKSTART:-quickstart}/$name
most=6000     # training records at most: more are sampled
pictures=18000  # that the network sees in all: two to four minutes on two cores
size=96       # pixels: a quarter of the work of 192

mkdir -p "$work"
started=$SECONDS
step() { printf '\n== %s (%d:%02d)\n' "$*" $(((SECONDS - started) / 60)) $(((SECONDS - started) % 60)) >&2; }
# json FILE KEY: a number out of a JSON object, or nothing.
json() {
  python3 -c 'import json, sys; value = json.load(open(sys.argv[1])).get(sys.argv[2]); print("" if value is None else value)' \
    "$1" "$2" 2>/dev/null || true
}
percent() { awk -v share="$1" 'BEGIN { if (share == "") print "unknown"; else printf "%.1f %%\n", 100 * share }'; }

step "1/6 installing what is missing, building"
tools/build.sh --target penstock penstock-synth >&2
penstock=build/penstock
started=$SECONDS

step "2/6 data"
if [ -z "$folder" ]; then
  folder=$work/pictures
  build/penstock-synth "$folder" >&2
fi
train_folder=$folder val_folder=
for part in train training; do
  if [ -d "$folder/$part" ]; then train_folder=$folder/$part; fi
done
for part in val valid validation test; do
  if [ -z "$val_folder" ] && [ -d "$folder/$part" ]; then val_folder=$folder/$part; fi
done
if [ "$train_folder" = "$folder" ]; then val_folder=; fi

step "3/6 packing into LMDB"
sample=()
records=$("$penstock" info "$train_folder" --json --quiet | python3 -c 'import json, sys; print(json.load(sys.stdin)["records"])')
if [ "$records" -gt "$most" ]; then
  sample=(--sample "$most")
  echo "$records records: a sample of $most is used here; leave out --sample and --set to train on all of them" >&2
  records=$most
fi
"$penstock" pack "$train_folder" "$work/train.lmdb" --shuffle "${sample[@]}"
if [ -n "$val_folder" ]; then "$penstock" pack "$val_folder" "$work/val.lmdb"; fi

step "4/6 training"
epochs=$((pictures / records))
if [ "$epochs" -lt 2 ]; then epochs=2; fi
if [ "$epochs" -gt 30 ]; then epochs=30; fi
data=(--data "$work/train.lmdb")
if [ -n "$val_folder" ]; then data+=(--val "$work/val.lmdb"); fi
settings=()
# bf16 is twice as fast where the CPU has it, and far slower than f32 where it has not.
grep -qE 'amx_bf16|avx512_bf16' /proc/cpuinfo || settings+=(--set train.precision=f32)
"$penstock" train imagenette-resnet18 "${data[@]}" --out "$work/run" --resume auto --json "${settings[@]}" \
  --set train.epochs="$epochs" --set stage.crop.size="$size" --set stage.center.size="$size" >"$work/train.json"

step "5/6 evaluating"
if [ -n "$val_folder" ]; then
  held_out=$work/val.lmdb
  "$penstock" evaluate "$work/run" --data "$held_out" --json >"$work/evaluation.json"
  accuracy="$(percent "$(json "$work/evaluation.json" top1)") of $(json "$work/evaluation.json" records) pictures never trained on"
else
  # There is no other set to evaluate: the tenth that training kept aside is what counts.
  held_out=$work/train.lmdb
  accuracy="$(percent "$(json "$work/train.json" val_top1)") of the tenth that was kept aside"
fi

step "6/6 predicting"
"$penstock" infer "$work/run" --data "$held_out" --out "$work/predictions.csv"

step "done"
rate=$(json "$work/train.json" records_per_second)
cat <<END

Accuracy (top-1)   $accuracy
Training           $(json "$work/train.json" epochs) epochs of $records pictures, ${rate%.*} images/s
Data               $work/train.lmdb${val_folder:+, $work/val.lmdb}
Network and log    $work/run
Predictions        $work/predictions.csv, a row a picture

Where the time went:
END
"$penstock" report "$work/run"
