"""What the peers' programs share: the command line, the clock, the answer."""
import argparse
import json
import os
import time

import psutil

BATCH, SIDE, SCALE, RATIO = 64, 224, (0.08, 1.0), (3 / 4, 4 / 3)
SECONDS = 5.0  # of measuring, in whole epochs


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", required=True)
    parser.add_argument("--work", required=True, help="folder for files in the peer's own format")
    parser.add_argument("--workers", type=int, required=True)
    parser.add_argument("--variant", default="")
    parser.add_argument("--seconds", type=float, default=SECONDS)
    return parser.parse_args()


def cpu_seconds():
    """Of this process and all that it started and that still runs."""
    me = psutil.Process()
    total = 0.0
    for process in [me, *me.children(recursive=True)]:
        try:
            times = process.cpu_times()
            total += times.user + times.system
        except psutil.NoSuchProcess:
            pass
    return total


def measure(epoch, seconds):
    """`epoch()` goes through the set once and returns the number of pictures. Prints one line of JSON."""
    epoch()
    begin, cpu, images = time.perf_counter(), cpu_seconds(), 0
    while time.perf_counter() - begin < seconds:
        images += epoch()
    print(json.dumps({"images": images, "seconds": time.perf_counter() - begin, "cpu_seconds": cpu_seconds() - cpu}))


def files_of(data):
    """(path, class) of all files in class folders, sorted."""
    classes = sorted(entry.name for entry in os.scandir(data) if entry.is_dir())
    return [(os.path.join(data, c, f), i) for i, c in enumerate(classes) for f in sorted(os.listdir(os.path.join(data, c)))]
