#!/usr/bin/env python3
"""DuckDB's and Arrow's CSV readers on the file that csv_bench reads: MB/s of text, median (least .. most) of ROUNDS.

    peers.py FILE [THREADS] [ROUNDS]          needs duckdb and pyarrow
"""
import os
import statistics
import sys
import time


def timed(name, work, megabytes, rounds):
    rates = []
    for _ in range(rounds):
        begin = time.perf_counter()
        work()
        rates.append(megabytes / (time.perf_counter() - begin))
    print(f"{name}: {statistics.median(rates):.0f} MB/s ({min(rates):.0f} .. {max(rates):.0f})", flush=True)


def main():
    path = sys.argv[1]
    threads = int(sys.argv[2]) if len(sys.argv) > 2 else 2
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 5
    megabytes = os.path.getsize(path) / 1e6
    import duckdb
    import pyarrow
    import pyarrow.csv

    pyarrow.set_cpu_count(threads)
    db = duckdb.connect(config={"threads": threads})
    columns = [row[0] for row in db.sql(f"describe select * from '{path}'").fetchall()]
    # Every value is looked at, and nothing is kept.
    looks = ", ".join(f'max("{name}")' for name in columns)

    def arrow_batches():
        for batch in pyarrow.csv.open_csv(path):
            del batch

    timed("duckdb, aggregate of all columns", lambda: db.sql(f"select {looks} from '{path}'").fetchall(), megabytes, rounds)
    timed("duckdb, to arrow batches", lambda: [0 for _ in db.sql(f"select * from '{path}'").to_arrow_reader(65536)], megabytes, rounds)
    timed("arrow, whole table", lambda: pyarrow.csv.read_csv(path), megabytes, rounds)
    timed("arrow, streaming", arrow_batches, megabytes, rounds)


if __name__ == "__main__":
    main()
