#!/usr/bin/env python3
"""Boosted trees from our stream against XGBoost's own Python external-memory iterator: the same batches, wall time, memory, predictions.

    trees_bench.py make FOLDER [--rows 1000000] [--features 28] [--batch 65536]      FOLDER/rows.parquet (a row group a batch) and rows.raw
    trees_bench.py peer FOLDER OUT.f32 ram|disk [--from parquet|raw] [--rounds 20] [--threads 2]    one run of Python's iterator, a line of JSON
    trees_bench.py compare FOLDER PROGRAM [--repeats 3] ...                          both, taking turns; a table of medians (CPU seconds are those of whole processes)
PROGRAM is trees_bench (trees_bench.cc), called as it says itself. Needs numpy, pyarrow and xgboost-cpu (3.2.0).
"""
import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import time

import numpy as np


def make(asked):
    import pyarrow as pa
    import pyarrow.parquet as pq
    os.makedirs(asked.folder, exist_ok=True)
    draw = np.random.default_rng(1)
    x = draw.standard_normal((asked.rows, asked.features), dtype=np.float32)
    x[draw.random(x.shape) < 0.05] = np.nan
    z = np.nan_to_num(x)
    y = (np.sin(2 * z[:, 0]) + z[:, 1] * z[:, 2] + 0.5 * (z[:, 3] > 0) * z[:, 4]
         + 0.3 * draw.standard_normal(asked.rows, dtype=np.float32)).astype(np.float32)
    table = pa.table({"target": y, **{f"f{i}": x[:, i] for i in range(asked.features)}})
    pq.write_table(table, f"{asked.folder}/rows.parquet", row_group_size=asked.batch, compression="zstd")
    with open(f"{asked.folder}/rows.raw", "wb") as out:
        out.write(y.tobytes())
        out.write(x.tobytes())


def parquet_batches(folder, features, batch):
    import pyarrow.parquet as pq
    file = pq.ParquetFile(f"{folder}/rows.parquet")
    for group in range(file.num_row_groups):
        table = file.read_row_group(group)
        x = np.empty((table.num_rows, features), dtype=np.float32)
        for i in range(features):
            x[:, i] = table.column(i + 1).to_numpy()
        yield x, table.column(0).to_numpy()


def raw_batches(folder, features, batch):
    whole = np.memmap(f"{folder}/rows.raw", dtype=np.float32, mode="r")
    rows = len(whole) // (features + 1)
    x = whole[rows:].reshape(rows, features)
    for first in range(0, rows, batch):
        yield np.array(x[first:first + batch]), np.array(whole[first:first + batch][:rows - first])


def peer(asked):
    import xgboost
    batches = {"parquet": parquet_batches, "raw": raw_batches}[asked.source]
    cache = asked.out + ".cache"
    if asked.where == "disk":
        os.makedirs(cache, exist_ok=True)

    class Batches(xgboost.DataIter):
        def __init__(self):
            self.left = None
            super().__init__(cache_prefix=cache + "/page" if asked.where == "disk" else None, on_host=False)

        def reset(self):
            self.left = batches(asked.folder, asked.features, asked.batch)

        def next(self, input_data):
            found = next(self.left, None)
            if found is None:
                return False
            input_data(data=found[0], label=found[1])
            return True

    began = time.perf_counter()
    kind = xgboost.ExtMemQuantileDMatrix if asked.where == "disk" else xgboost.QuantileDMatrix
    matrix = kind(Batches(), max_bin=256, nthread=asked.threads)
    bins = time.perf_counter() - began
    booster = xgboost.train({"tree_method": "hist", "nthread": asked.threads, "seed": 0}, matrix, asked.rounds,
                            evals=[(matrix, "train")], verbose_eval=False)
    seconds = time.perf_counter() - began
    np.concatenate([booster.inplace_predict(x) for x, _ in batches(asked.folder, asked.features, asked.batch)]).tofile(asked.out)
    del matrix
    shutil.rmtree(cache, ignore_errors=True)
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps({"bins_seconds": bins, "seconds": seconds, "cpu_seconds": used.ru_utime + used.ru_stime,
                      "peak_rss_bytes": used.ru_maxrss * 1024}))


def run(command):
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])


def compare(asked):
    sizes = [str(asked.features), str(asked.batch)]
    print("| rows lie | who | bins s | all s | of Python's (Parquet) | CPU s | peak MB |\n|---|---|---|---|---|---|---|")
    for where in ("ram", "disk"):
        found = {}
        for _ in range(asked.repeats):
            ours = f"{asked.folder}/ours.f32"
            found.setdefault("ours", []).append(run([asked.program, f"{asked.folder}/rows.raw", sizes[0], where, sizes[1],
                                                     str(asked.rounds), str(asked.threads), ours]))
            for source in ("parquet", "raw"):
                out = f"{asked.folder}/{source}.f32"
                found.setdefault(f"Python, {source}", []).append(run(
                    [sys.executable, __file__, "peer", asked.folder, out, where, "--from", source, "--features", sizes[0],
                     "--batch", sizes[1], "--rounds", str(asked.rounds), "--threads", str(asked.threads)]))
                if open(out, "rb").read() != open(ours, "rb").read():
                    raise SystemExit(f"the predictions of Python's trees from {source} ({where}) are others")
        median = lambda who, key: statistics.median(one[key] for one in found[who])
        for who, all_runs in found.items():
            times = sorted(one["seconds"] for one in all_runs)
            print(f"| {where} | {who} | {median(who, 'bins_seconds'):.2f} | {median(who, 'seconds'):.2f} ({times[0]:.2f} .. {times[-1]:.2f}) | "
                  f"{median(who, 'seconds') / median('Python, parquet', 'seconds'):.2f} | {median(who, 'cpu_seconds'):.2f} | {median(who, 'peak_rss_bytes') / 1e6:.0f} |")
    print("predictions: equal to the bit in every run")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["make", "peer", "compare"])
    parser.add_argument("folder")
    parser.add_argument("out", nargs="?", default="", metavar="OUT|PROGRAM")
    parser.add_argument("where", nargs="?", default="ram", choices=["ram", "disk"])
    parser.add_argument("--from", dest="source", default="parquet", choices=["parquet", "raw"])
    for name, value in (("rows", 1000000), ("features", 28), ("batch", 65536), ("rounds", 20), ("threads", 2), ("repeats", 3)):
        parser.add_argument(f"--{name}", type=int, default=value)
    asked = parser.parse_args()
    asked.program = asked.out
    {"make": make, "peer": peer, "compare": compare}[asked.what](asked)


if __name__ == "__main__":
    main()
