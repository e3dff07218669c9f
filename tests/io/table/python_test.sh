#!/usr/bin/env bash
# What pandas, pyarrow, h5py and PyTables write is read, and what Penstock packs is read by pyarrow, cell by cell.
#   python_test.sh PENSTOCK
# Without these modules (python3 -m pip install pyarrow pandas h5py tables) it is skipped, exit code 77.
set -euo pipefail
penstock=$1
python3 -c 'import pyarrow, pandas, h5py, tables' 2>/dev/null || { echo "skipped: no pyarrow, pandas, h5py or tables for python3"; exit 77; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 - <<'PY'
import datetime, numpy, pandas, h5py
n = 5000
frame = pandas.DataFrame({
    "id": numpy.arange(n), "small": (numpy.arange(n) % 100).astype("int8"), "x": numpy.arange(n) / 8,
    "gap": [None if i % 3 == 0 else i / 7 for i in range(n)], "flag": numpy.arange(n) % 2 == 0,
    "city": ["city %d" % (i % 40) for i in range(n)], "day": [datetime.date(2015, 1, 1) + datetime.timedelta(i % 900) for i in range(n)],
    "time": pandas.date_range("2020-01-01", periods=n, freq="min")})
frame["kind"] = frame["city"].astype("category")
frame.to_parquet("p.parquet", row_group_size=1500)
frame.to_feather("f.feather")
numbers = frame[["id", "small", "x"]]
numbers.to_hdf("table.h5", key="t", format="table", data_columns=True)
numbers.to_hdf("blocks.h5", key="t", format="table")
numbers.to_hdf("fixed.h5", key="t", format="fixed")
with h5py.File("arrays.h5", "w") as f:
    for name in ["id", "x", "flag"]: f[name] = frame[name].to_numpy()
    f["city"] = frame["city"].tolist()
PY
for source in p.parquet f.feather table-hdf5:table.h5 table-hdf5:arrays.h5; do
  "$penstock" pack --quiet "$source" "$(basename "${source#*:}").arrow"
  "$penstock" verify --quiet "$(basename "${source#*:}").arrow"
done
for refused in blocks.h5 fixed.h5; do
  if "$penstock" info "table-hdf5:$refused" 2>error.txt; then echo "$refused is read"; exit 1; fi
  grep -q data_columns=True error.txt
done
python3 - <<'PY'
import pandas, pyarrow, pyarrow.feather
def rows(frame): return [tuple(None if pandas.isna(v) else v for v in row) for row in frame.itertuples(index=False)]
def read(path):
    table = pyarrow.feather.read_table(path)
    table.validate(full=True)
    return table.to_pandas()
wanted = pandas.read_parquet("p.parquet")
for name in ["p.parquet.arrow", "f.feather.arrow"]:
    found = read(name)
    assert list(found.columns) == list(wanted.columns), found.columns
    assert rows(found) == rows(wanted), name
table = read("table.h5.arrow")
assert rows(table[["id", "small", "x"]]) == rows(wanted[["id", "small", "x"]])
arrays = read("arrays.h5.arrow")
assert rows(arrays[["id", "x", "flag", "city"]]) == rows(wanted[["id", "x", "flag", "city"]])
assert str(pyarrow.feather.read_table("p.parquet.arrow").schema.field("small").type) == "int8"
print("pyarrow reads what was packed")
PY
