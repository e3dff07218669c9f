"""Runs every peer in interleaved rounds and prints the table: see README.md."""
import argparse
import datetime
import json
import os
import pathlib
import platform
import shutil
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).parent
PEERS = pathlib.Path(os.environ["PEERS_DIR"])
SMALL = os.environ.get("SIZE", "full") == "small"
ROUNDS = int(os.environ.get("ROUNDS", "5"))
CORES = os.environ.get("CORES", "0,1")
SECONDS = 1.5 if SMALL else 5.0

# Name, environment, program, variants of which the best counts.
RUNNERS = [
    ("ffcv", "ffcv", "ffcv_peer.py", [""]),
    ("dali", "dali", "dali_peer.py", [""]),
    ("torchvision", "torch", "torchvision_peer.py", ["pil", "tensor"]),
    ("webdataset", "torch", "webdataset_peer.py", ["pil", "tensor"]),
    ("spdl", "torch", "spdl_peer.py", [""]),
    *[(f"penstock {v}", "torch", "penstock_peer.py", [v]) for v in ("folder", "lmdb", "indexed", "q90-256", "raw-256", "eval")],
]


def make_set(where):
    """ImageNet photographs in class folders, repeated under other names until there are enough of them."""
    data = pathlib.Path(os.environ.get("PENSTOCK_DATA", HERE / "../../../../shared/data"))
    files = sorted(data.glob("imagenet-sample/*.JPEG")) + sorted(data.glob("imagen-5shot/*/*.JPEG"))
    if not files:
        sys.exit(f"run.py: no photographs under {data}: set PENSTOCK_DATA, or give --data FOLDER of class folders")
    partial = where.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    for repeat in range(1 if SMALL else 6):
        for i, file in enumerate(files):
            folder = partial / f"class{i % 20:02d}"
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, folder / f"{repeat}-{file.name}")
    partial.rename(where)


def run(environment, program, data, work, workers, variant, cores=CORES):
    """One run's answer, or why there is none."""
    python = PEERS / f"venv-{environment}" / "bin" / "python"
    if not python.exists():
        return {"error": "not installed"}
    command = ["taskset", "-c", cores, str(python), str(HERE / program), "--data", str(data), "--work", str(work),
               "--workers", str(workers), "--variant", variant, "--seconds", str(SECONDS)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900, env={**os.environ, "OMP_NUM_THREADS": "1"})
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode != 0 or not lines:
        return {"error": (done.stderr.strip().splitlines() or ["no answer"])[-1][:200]}
    answer = json.loads(lines[-1])
    answer["rate"] = answer["images"] / answer["seconds"]
    return answer


def ceiling(data):
    command = ["taskset", "-c", CORES, os.environ["PENSTOCK"], "probe", "--data", str(data), "--threads",
               str(len(CORES.split(","))), "--json", "--no-remember"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)["decode_images_per_second"]


def sweep(runner, data, work):
    """The number of workers and the variant at which it is fastest."""
    name, environment, program, variants = runner
    best = None
    cores = len(CORES.split(","))
    for variant in variants:
        for workers in ([cores] if name.startswith("penstock") else range(1, 2 * cores + 1)):
            answer = run(environment, program, data, work, workers, variant)
            if "error" in answer:
                print(f"{name} {variant} with {workers} workers: {answer['error']}", file=sys.stderr)
                if answer["error"] == "not installed":
                    return None
                continue
            print(f"{name} {variant} with {workers} workers: {answer['rate']:.0f} images/s", file=sys.stderr)
            if best is None or answer["rate"] > best[0]:
                best = (answer["rate"], workers, variant)
    return best and best[1:]


def machine():
    with open("/proc/cpuinfo") as file:
        model = next((line.split(":")[1].strip() for line in file if line.startswith("model name")), platform.machine())
    return f"{model}, cores {CORES}, Linux {platform.release()}"


def table(rounds, chosen):
    lines = ["| loader | workers | images/s (median, lowest - highest) | of the ceiling | CPU s for 1,000 |", "|---|---|---|---|---|"]
    ceilings = [r["ceiling"] for r in rounds]
    lines.append(f"| full decode by libjpeg-turbo (the ceiling) | {len(CORES.split(','))} | {statistics.median(ceilings):.0f} "
                 f"({min(ceilings):.0f} - {max(ceilings):.0f}) | 1 | |")
    for name, (workers, variant) in chosen.items():
        answers = [(r[name], r["ceiling"]) for r in rounds if name in r]
        if not answers:
            lines.append(f"| {name} | | failed in every round | | |")
            continue
        rates = [a["rate"] for a, _ in answers]
        ratios = [a["rate"] / c for a, c in answers]
        cpu = statistics.median(1000 * a["cpu_seconds"] / a["images"] for a, _ in answers)
        label = name if name.startswith("penstock") or not variant else f"{name} ({variant})"
        lines.append(f"| {label} | {workers} | {statistics.median(rates):.0f} ({min(rates):.0f} - {max(rates):.0f}) | "
                     f"{statistics.median(ratios):.2f} ({min(ratios):.2f} - {max(ratios):.2f}) | {cpu:.2f} |")
    return "\n".join(lines)


def growth(data, work, variant):
    """Penstock on the first core alone and on all of them, in turn."""
    cores = CORES.split(",")
    ratios, rates = [], []
    for number in range(ROUNDS):
        one, more = (run("torch", "penstock_peer.py", data, work, len(c), variant, ",".join(c)) for c in (cores[:1], cores))
        if "error" in one or "error" in more:
            sys.exit(f"run.py: {one.get('error') or more.get('error')}")
        ratios.append(more["rate"] / one["rate"])
        rates.append(f"{one['rate']:.0f} -> {more['rate']:.0f}")
        print(f"round {number + 1} of {ROUNDS}: {rates[-1]}, {ratios[-1]:.3f}", file=sys.stderr)
    print(f"{datetime.date.today()}, {machine()}: penstock {variant}, from 1 to {len(cores)} cores: {statistics.median(ratios):.3f} "
          f"({min(ratios):.3f} - {max(ratios):.3f}, {ROUNDS} rounds)")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", default="", help="names, with commas between them")
    parser.add_argument("--data", help="a folder of class folders")
    parser.add_argument("--growth", metavar="VARIANT", help="only Penstock (folder, lmdb, ...), on one core and on all of CORES")
    args = parser.parse_args()
    work = PEERS / ("work-small" if SMALL else "work")
    if args.data:
        work = PEERS / ("work-" + pathlib.Path(args.data).resolve().name)
    work.mkdir(parents=True, exist_ok=True)
    data = pathlib.Path(args.data) if args.data else work / "set"
    if not data.exists():
        make_set(data)
    if args.growth:
        growth(data, work, args.growth)
        return
    wanted = [r for r in RUNNERS if not args.only or any(r[0].startswith(name) for name in args.only.split(","))]
    chosen = {}
    for runner in wanted:
        best = sweep(runner, data, work)
        if best:
            chosen[runner[0]] = best
    rounds = []
    for number in range(ROUNDS):
        results = {"ceiling": ceiling(data)}
        for name, environment, program, _ in wanted:
            if name not in chosen:
                continue
            workers, variant = chosen[name]
            answer = run(environment, program, data, work, workers, variant)
            if "error" in answer:
                print(f"round {number + 1}: {name}: {answer['error']}", file=sys.stderr)
            else:
                results[name] = answer
        rounds.append(results)
        print(f"round {number + 1} of {ROUNDS}: " + ", ".join(
            f"{name} {r['rate'] / results['ceiling']:.2f}" for name, r in results.items() if name != "ceiling"), file=sys.stderr)
    missing = [r[0] for r in wanted if r[0] not in chosen]
    print(f"{datetime.date.today()}, {machine()}, {ROUNDS} rounds, {sum(len(f) for _, _, f in os.walk(data))} photographs\n")
    print(table(rounds, chosen))
    if missing:
        print("\nmissing: " + ", ".join(missing))
    (work / "rounds.json").write_text(json.dumps({"machine": machine(), "chosen": chosen, "rounds": rounds}, indent=1))
    print(f"\nall rounds: {work / 'rounds.json'}")


main()
