#!/usr/bin/env python3
"""Holds the C++ of a page to the sources it was taken from.

    check_snippets.py PAGE SOURCE...    each block of C++ in PAGE without a line of dots stands, line by line and in order, in one SOURCE
"""
import re
import sys
from pathlib import Path


def stands_in(block, lines):
    """The block's lines in one stretch, blank lines of the source left out."""
    return any(lines[at:at + len(block)] == block for at in range(len(lines)))


def main(arguments):
    if len(arguments) < 2:
        print(__doc__, file=sys.stderr)
        return 2
    page, *sources = map(Path, arguments)
    texts = [[line.rstrip() for line in source.read_text().splitlines() if line.strip()] for source in sources]
    blocks, wrong = 0, 0
    for block in re.findall(r"```cpp\n(.*?)```", page.read_text(), re.S):
        lines = [line.rstrip() for line in block.splitlines() if line.strip()]
        if any(line.strip() == "..." for line in lines):
            continue
        blocks += 1
        # Declarations apart by comments of their own: each paragraph must be found.
        for paragraph in block.strip().split("\n\n"):
            of = [line.rstrip() for line in paragraph.splitlines() if line.strip()]
            if not any(stands_in(of, text) for text in texts):
                wrong += 1
                print(f"{page}: stands in no source:\n{paragraph}\n")
    if blocks == 0:
        print(f"{page}: no block of C++")
        return 1
    print(f"{page}: {blocks} blocks, {wrong} paragraphs that differ")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
