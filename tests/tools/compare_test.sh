#!/usr/bin/env bash
# A comparison that is started a second time trains nothing and says of memory what it said before; keys of one kind of model go to that kind alone.
#   compare_test.sh PENSTOCK
set -euo pipefail
penstock=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export XDG_CACHE_HOME=$folder/cache OMP_NUM_THREADS=1
{
  echo k,x,y
  for i in {1..400}; do echo "$((i % 3)),$((i * 37 % 101)),$((i * i % 17)).5"; done
} >"$folder/rows.csv"
cat >"$folder/shallow.toml" <<'RECIPE'
seed = 1
data = { val = { fraction = 0.2 } }
table = { task = "regression", target = "y", categories = ["k"], numbers = ["x"] }
trees = { rounds = 3, max_depth = 2 }
RECIPE
printf 'base = "shallow.toml"\ntrees = { max_depth = 5 }\n' >"$folder/deep.toml"
compare() {
  "$penstock" compare "$folder/shallow.toml" "$folder/deep.toml" --data "$folder/rows.csv" --out "$folder/both" \
    --threads 1 --json --set train.lr=1e-3 2>"$folder/said" >"$folder/$1.json"
}
compare first
grep -q "train.lr=1e-3 is not for 'deep', which grows trees" "$folder/said"
# As if the training had needed more than any start that finds it done.
sed -i 's/"peak_rss_bytes":[0-9]*/"peak_rss_bytes":77777777777/' "$folder/both/deep/report.json"
compare second
grep -q '"peak_rss_bytes": 77777777777' "$folder/second.json"
[[ $(grep -c '"rmse"' "$folder/second.json") == 2 ]]
diff <(grep -E '"(rmse|mae|model_bytes)"' "$folder/first.json") <(grep -E '"(rmse|mae|model_bytes)"' "$folder/second.json")
