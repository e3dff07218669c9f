"""What the checks of this folder share: trees of a few files for their self-tests, and their command line."""
import sys
import tempfile
from pathlib import Path


def self_test(violations, good, bad, what):
    """`bad` are files that are each wrong beside `good`: what was not noticed, and a summary."""

    def look(files):
        with tempfile.TemporaryDirectory() as folder:
            for name, text in files.items():
                path = Path(folder) / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text + "\n")
            return violations(Path(folder))

    wrong = [f"a good tree is refused: {line}" for line in look(good)]
    wrong += [f"not noticed: {name}: {text}" for name, text in bad.items() if len(look({**good, name: text})) != 1]
    return wrong, f"{len(bad)} {what}, each noticed"


def main(arguments, words, violations, summary, own_test):
    """The exit code of ROOT or --self-test; `words` are said where it is called otherwise."""
    if arguments == ["--self-test"]:
        found, summary = own_test()
    elif len(arguments) == 1 and Path(arguments[0], "engine").is_dir():
        found = violations(Path(arguments[0]))
    else:
        print(words, file=sys.stderr)
        return 2
    print("\n".join(found) if found else summary)
    return 1 if found else 0
