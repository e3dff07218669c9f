#!/usr/bin/env python3
"""Boosted trees from our stream against XGBoost's own Python external-memory iterator: the same Parquet file, the same batches, wall time, memory, predictions.

    trees_bench.py compare FOLDER PROGRAM [--repeats 3] [--rows 1000000] [--where ram disk] ...     all, taking turns; a table of medians
    trees_bench.py make FOLDER ...                       FOLDER/rows.parquet, a row group a batch: the target and --features numbers, one in twenty missing
    trees_bench.py peer FOLDER OUT.f32 --where ram|disk    one run of Python's iterator, a line of JSON
compare makes the file where it is not there. PROGRAM is build/tests/trees_bench. Times begin when the file is opened, after all imports; ours has its pass that fits,
which Python's has no counterpart to. Memory is the peak of the whole process; CPU seconds, too. "patient" is Python with OMP_WAIT_POLICY=passive, which Penstock gives
XGBoost by itself. Each run's predictions of all rows must equal the first one's to the bit. Needs numpy, pyarrow and xgboost-cpu (3.2.0).
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


def path_of(asked):
    return f"{asked.folder}/rows-{asked.rows}-{asked.features}-{asked.batch}.parquet"


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
    table = pa.table({"target": y, **{f"f{i}": pa.array(x[:, i], from_pandas=True) for i in range(asked.features)}})
    pq.write_table(table, path_of(asked) + ".partial", row_group_size=asked.batch, compression="zstd")
    os.rename(path_of(asked) + ".partial", path_of(asked))


def batches(asked):
    """(rows (N, F) f32, targets (N) f32) of each batch: what XGBoost's documentation does with a file a batch, out of one file."""
    import pyarrow.parquet as pq
    for batch in pq.ParquetFile(path_of(asked)).iter_batches(batch_size=asked.batch):
        x = np.empty((batch.num_rows, asked.features), dtype=np.float32)
        for i in range(asked.features):
            x[:, i] = batch.column(i + 1).to_numpy(zero_copy_only=False)
        yield x, batch.column(0).to_numpy()


def peak_rss_bytes():
    """Of this program alone: ru_maxrss begins with what the process that started it had."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM:"))


def peer(asked):
    import pyarrow
    import xgboost
    pyarrow.set_cpu_count(asked.threads)
    cache = asked.out + ".cache"
    on_disk = asked.where[0] == "disk"
    if on_disk:
        os.makedirs(cache, exist_ok=True)

    class Batches(xgboost.DataIter):
        def __init__(self):
            self.left = None
            super().__init__(cache_prefix=cache + "/page" if on_disk else None, on_host=False)

        def reset(self):
            self.left = batches(asked)

        def next(self, input_data):
            found = next(self.left, None)
            if found is None:
                return False
            input_data(data=found[0], label=found[1])
            return True

    began = time.perf_counter()
    kind = xgboost.ExtMemQuantileDMatrix if on_disk else xgboost.QuantileDMatrix
    matrix = kind(Batches(), max_bin=256, nthread=asked.threads)
    bins = time.perf_counter() - began
    booster = xgboost.train({"tree_method": "hist", "nthread": asked.threads, "seed": 0}, matrix, asked.rounds,
                            evals=[(matrix, "train")], verbose_eval=False)
    seconds = time.perf_counter() - began
    np.concatenate([booster.inplace_predict(x) for x, _ in batches(asked)]).tofile(asked.out)
    del matrix
    shutil.rmtree(cache, ignore_errors=True)
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps({"bins_seconds": bins, "seconds": seconds, "cpu_seconds": used.ru_utime + used.ru_stime,
                      "peak_rss_bytes": peak_rss_bytes()}))


def run(command, **more):
    environment = {key: value for key, value in os.environ.items() if key not in ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")}
    done = subprocess.run(command, capture_output=True, text=True, env={**environment, **more})
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)} failed: {done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def compare(asked):
    if not os.path.exists(path_of(asked)):
        make(asked)
    out = f"{asked.folder}/predictions.f32"
    plain = [f"--{name}={getattr(asked, name)}" for name in ("rows", "features", "batch", "rounds", "threads")]

    def ours(where):
        return run([asked.out, path_of(asked), where, str(asked.batch), str(asked.rounds), str(asked.threads), out])

    def python(where, **more):
        return run([sys.executable, __file__, "peer", asked.folder, out, "--where", where, *plain], **more)

    sides = {"ours": ours, "Python": python, "Python, patient": lambda where: python(where, OMP_WAIT_POLICY="passive")}
    print("| rows lie | who | fit s | bins s | all s | of Python's | CPU s | peak MB |\n|---|---|---|---|---|---|---|---|")
    for where in asked.where:
        found, predicted = {who: [] for who in sides}, None
        for turn in range(asked.repeats):
            for who in sorted(sides, reverse=turn % 2 == 1):
                found[who].append(sides[who](where))
                with open(out, "rb") as file:
                    these = file.read()
                if predicted is not None and these != predicted:
                    raise SystemExit(f"{who} ({where}) predicts otherwise")
                predicted = these
        median = lambda who, key: statistics.median(one.get(key, 0) for one in found[who])
        for who, all_runs in found.items():
            times = sorted(one["seconds"] for one in all_runs)
            ratios = sorted(one["seconds"] / other["seconds"] for one, other in zip(all_runs, found["Python"]))
            print(f"| {where} | {who} | {median(who, 'fit_seconds'):.2f} | {median(who, 'bins_seconds'):.2f} | "
                  f"{median(who, 'seconds'):.2f} ({times[0]:.2f} .. {times[-1]:.2f}) | "
                  f"{statistics.median(ratios):.2f} ({ratios[0]:.2f} .. {ratios[-1]:.2f}) | {median(who, 'cpu_seconds'):.2f} | "
                  f"{median(who, 'peak_rss_bytes') / 1e6:.0f} |", flush=True)
        print(f"{where}: {len(predicted) // 4} predictions, equal to the bit in all {asked.repeats * len(sides)} runs", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["make", "peer", "compare"])
    parser.add_argument("folder")
    parser.add_argument("out", nargs="?", default="", metavar="OUT|PROGRAM")
    parser.add_argument("--where", nargs="+", default=["ram", "disk"], choices=["ram", "disk"])
    for name, value in (("rows", 1000000), ("features", 28), ("batch", 65536), ("rounds", 20), ("threads", 2), ("repeats", 3)):
        parser.add_argument(f"--{name}", type=int, default=value)
    asked = parser.parse_args()
    {"make": make, "peer": peer, "compare": compare}[asked.what](asked)


if __name__ == "__main__":
    main()
