"""Penstock: `stream` over a folder or a pack (--variant folder | lmdb | indexed | q90-256 | raw-256 | eval)."""
import json
import os
import pathlib
import subprocess

import common

PACKS = {"lmdb": [], "indexed": ["--encode", "indexed-jpeg"],
         "q90-256": ["--encode", "jpeg", "--resize", "256", "--quality", "90"], "raw-256": ["--encode", "raw", "--resize", "256"]}
HERE = pathlib.Path(__file__).parent


def main():
    args = common.arguments()
    program = os.environ["PENSTOCK"]
    data, recipe = args.data, HERE / "rrc224.toml"
    if args.variant == "eval":
        recipe = HERE / "eval224.toml"
    elif args.variant != "folder":
        data = os.path.join(args.work, args.variant)
        subprocess.run([program, "pack", args.data, data, "--quiet", *PACKS[args.variant]], check=True, stdout=subprocess.DEVNULL)

    def stream(epochs):
        command = [program, "stream", str(recipe), "--data", data, "--epochs", str(epochs), "--threads", str(args.workers),
                   "--json", "--quiet", "--view", "eval" if args.variant == "eval" else "train"]
        return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)

    # Between the end of a short run and that of a long one: start and first epoch are in both. As many epochs as take the time wanted.
    short = stream(2)
    more = max(2, round(args.seconds * short["records_per_second"] / (short["records"] / 2)))
    while True:
        long = stream(2 + more)
        seconds = long["seconds"] - short["seconds"]
        if seconds >= 0.7 * args.seconds:
            break
        more = round(more * min(10.0, 1.2 * args.seconds / max(0.1, seconds)))
    print(json.dumps({"images": long["records"] - short["records"], "seconds": long["seconds"] - short["seconds"],
                      "cpu_seconds": long["cpu_seconds"] - short["cpu_seconds"]}))


main()
