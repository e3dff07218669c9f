# What the tests of trainings as several processes share; to be sourced.
export OMP_NUM_THREADS=1
bad() { echo "FAILED: $*"; exit 1; }

# make_world FOLDER DATA EPOCHS: FOLDER/data with 96 pictures of each view of DATA (4 classes, links) and FOLDER/recipe.toml, a ResNet-18
# without batch norm in f32, 6 steps an epoch. Sets `train`, the command of it but for --out.
make_world() {
  local folder=$1 data=$2 epochs=$3 view class name
  for view in train val; do
    for class in $(ls "$data/$view" | head -4); do
      mkdir -p "$folder/data/$view/$class"
      ls "$data/$view/$class" | head -24 | while read -r name; do ln -s "$(realpath "$data/$view/$class/$name")" "$folder/data/$view/$class/$name"; done
    done
  done
  cat > "$folder/recipe.toml" <<TOML
base = "imagenette-resnet18"
seed = 3
[data]
batch = 16
[net]
norm = "group"
[train]
epochs = $epochs
precision = "f32"
optimizer = "sgd"
schedule = "constant"
lr = 0.001
[lanes]
threads = 1
[checkpoint]
every = "2steps"
TOML
  train=(train "$folder/recipe.toml" --data "$folder/data" --set stage.crop.size=64 --set stage.center.size=64 --threads 1 --quiet --json)
}
