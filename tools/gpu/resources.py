#!/usr/bin/env python3
"""What each kernel takes of a GPU, by ptxas, against stated limits.

    resources.py BUILD [--limits FILE] [--md]    a line a kernel and architecture; exit code 1 where a limit is passed
    resources.py --self-test                     proves that each limit is noticed

Reads the *.ptxas files that tools/gpu/keep_ptxas.sh leaves beside the objects. The limits (tools/gpu/limits.txt): a line is a pattern
and key=most for registers, spills (bytes stored), stack (bytes) and shared (bytes); the last line whose pattern is found in a kernel's name counts.
"""
import re
import subprocess
import sys
import tempfile
from pathlib import Path

KEYS = ("registers", "spills", "stack", "shared")
ENTRY = re.compile(r"Compiling entry function '(\S+)' for '(\S+)'")


def kernels(text):
    """(mangled name, architecture, {key: value}) of each kernel that ptxas spoke of."""
    name = None
    for line in text.splitlines():
        if entry := ENTRY.search(line):
            name, values = entry.groups(), dict.fromkeys(KEYS, 0)
        elif name and (found := re.search(r"(\d+) bytes stack frame, (\d+) bytes spill stores", line)):
            values["stack"], values["spills"] = int(found[1]), int(found[2])
        elif name and (found := re.search(r"Used (\d+) registers", line)):
            values["registers"] = int(found[1])
            if shared := re.search(r"(\d+) bytes smem", line):
                values["shared"] = int(shared[1])
            yield *name, values
            name = None


def read_limits(text):
    rules = []
    for line in text.splitlines():
        words = line.split("#")[0].split()
        if words:
            rules.append((words[0], {k: int(v) for k, v in (w.split("=") for w in words[1:])}))
            if unknown := set(rules[-1][1]) - set(KEYS):
                raise SystemExit(f"limits: {words[0]}: unknown {', '.join(sorted(unknown))}")
    return rules


def limits_of(name, rules):
    limits = {}
    for pattern, of in rules:
        if re.search(pattern, name):
            limits.update(of)
    return limits


def plain(names):
    """Names as people write them, without parameters; as they are where there is no c++filt."""
    try:
        out = subprocess.run(["c++filt"], input="\n".join(names), capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return dict(zip(names, names))
    short = [line.replace("(anonymous namespace)::", "").split("(")[0].removeprefix("void ").replace("penstock::", "")
             for line in out.splitlines()]
    return dict(zip(names, short))


def report(texts, rules, markdown):
    found = sorted({(n, a, tuple(v.items())) for text in texts for n, a, v in kernels(text)})
    words, lines, broken = plain([n for n, _, _ in found]), [], []
    for name, arch, values in found:
        for key, value in values:
            most = limits_of(words[name], rules).get(key)
            if most is not None and value > most:
                broken.append(f"{words[name]} for {arch}: {key} {value}, the limit is {most}")
        cells = [words[name], arch, *(str(v) for _, v in values)]
        lines.append("| " + " | ".join(cells) + " |" if markdown else f"{cells[1]:8}" + "".join(f"{c:>10}" for c in cells[2:]) + f"  {cells[0]}")
    head = ["| kernel | for | registers | spilled bytes | stack bytes | shared bytes |", "|---|---|---|---|---|---|"]
    head = head if markdown else [f"{'for':8}" + "".join(f"{k:>10}" for k in KEYS) + "  kernel"]
    return head + lines, broken, len(found)


def self_test():
    text = """ptxas info    : Compiling entry function '_Z4kernv' for 'sm_80'
ptxas info    : Function properties for _Z4kernv
    8 bytes stack frame, 4 bytes spill stores, 4 bytes spill loads
ptxas info    : Used 40 registers, used 1 barriers, 8 bytes cumulative stack size, 512 bytes smem, 440 bytes cmem[0]
"""
    values = {"registers": 40, "spills": 4, "stack": 8, "shared": 512}
    wrong = [] if [(n, a, v) for n, a, v in kernels(text)] == [("_Z4kernv", "sm_80", values)] else ["not parsed"]
    for key, value in values.items():
        for most, expected in ((value, 0), (value - 1, 1)):
            if len(report([text], read_limits(f". {key}={most}"), False)[1]) != expected:
                wrong.append(f"{key}={most} with {value}")
    if report([text], read_limits(". registers=1\nkern registers=40 # wider"), False)[1]:
        wrong.append("the last line does not count")
    with tempfile.TemporaryDirectory() as empty:
        if main([empty]) != 1:
            wrong.append("a build without kernels passes")
    print("\n".join(wrong) if wrong else "every limit is noticed")
    return 1 if wrong else 0


def main(arguments):
    if arguments == ["--self-test"]:
        return self_test()
    if not arguments or arguments[0].startswith("-"):
        print(__doc__, file=sys.stderr)
        return 2
    limits = Path(__file__).with_name("limits.txt")
    if "--limits" in arguments:
        limits = Path(arguments[arguments.index("--limits") + 1])
    texts = [p.read_text(errors="replace") for p in sorted(Path(arguments[0]).rglob("*.ptxas")) if "tests" not in p.parts]
    lines, broken, count = report(texts, read_limits(limits.read_text()), "--md" in arguments)
    if count == 0:
        print(f"no kernels under {arguments[0]}: build the target cuda first", file=sys.stderr)
        return 1
    print("\n".join(lines))
    for line in broken:
        print(f"over the limit: {line}", file=sys.stderr)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
