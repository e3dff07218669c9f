#!/usr/bin/env python3
"""Checks that a name of a type stands for one type: two of the same name in one program are undefined behaviour that no compiler
reports. The linker keeps one of their destructors for both, and which one changes with what was inlined.

    check_names.py ROOT         names every type that two files define; exit code 1 if there is one
    check_names.py --self-test  proves that it notices
"""
import itertools
import re
import sys
from collections import defaultdict
from pathlib import Path

import checker

ROOMS = ["engine", "io", "models", "stages", "pipelines", "tools", "examples", "tests"]
SOURCES = {".h", ".cc", ".cu", ".cuh"}
LEFT_OUT = re.compile(r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|(?<![0-9a-fA-F])\'(?:\\.|[^\'\\\n])\'', re.S)
NAMESPACE = re.compile(r"(?:^|\s)namespace(?:\s+([\w:]+))?\s*$")
TYPE = re.compile(r"(?:^|[\s>])(?:class|struct|enum class|enum|union)\s+(?:alignas\([^)]*\)\s*)?([A-Z]\w*)(?:\s+final)?\s*(?::[^:].*)?$", re.S)


def types_in(text):
    """Full names of the types that are defined outside of nameless namespaces, functions and other types."""
    text = LEFT_OUT.sub(" ", text)
    inside, last = [], 0  # namespaces by name; None for any other brace
    for match in re.finditer(r"[{};]", text):
        head, last = text[last : match.start()].strip(), match.end()
        if match.group() == "{":
            space, kind = NAMESPACE.search(head), TYPE.search(head)
            if kind and None not in inside:
                yield "::".join([*inside, kind.group(1)])
            inside.append(space.group(1) if space else None)
        elif match.group() == "}" and inside:
            inside.pop()


def meet(a, b):
    """Whether two files may lie in one program: each folder of tests is one of its own."""
    if a.parts[0] != "tests" or b.parts[0] != "tests":
        return True
    return a.parent == b.parent or "support" in (a.parts[1], b.parts[1])


def violations(root):
    where = defaultdict(set)
    for room in ROOMS:
        for path in (root / room).rglob("*"):
            if path.suffix in SOURCES and path.is_file():
                for name in types_in(path.read_text(errors="replace")):
                    where[name].add(path.relative_to(root))
    found = []
    for name, paths in sorted(where.items()):
        if any(meet(a, b) for a, b in itertools.combinations(sorted(paths), 2)):
            found.append(f"{name} is defined in {' and '.join(map(str, sorted(paths)))}: give one of them another name")
    return found


def self_test():
    good = {
        "io/a.h": "namespace penstock::io {\nclass A;\nstruct B final : Base<int> { struct Part { int x = '{'; }; };\nenum class C { kA };\n}",
        "io/b.cc": 'namespace penstock::io {\nnamespace {\nclass A { };\n}  // struct B {\nclass B::Inner { };\nvoid f() { struct A { }; }\nconst char* t = "struct C {";\n}',
        "models/a.h": "namespace penstock { class A { }; }",
        "tests/io/x.cc": "namespace penstock::test { struct D { }; }",
        "tests/models/x.cc": "namespace penstock::test { struct D { }; }",
    }
    bad = {
        "io/c.h": "namespace penstock::io { struct B { int y; }; }",
        "stages/c.cc": "namespace penstock { namespace io { enum class C : int { kB }; } }",
        "tests/io/y.cc": "namespace penstock::test { struct D { int x; }; }",
        "tests/support/y.h": "namespace penstock { template <class T>\nclass A final { }; }",
    }
    return checker.self_test(violations, good, bad, "names given twice")


if __name__ == "__main__":
    sys.exit(checker.main(sys.argv[1:], __doc__, violations, "each name stands for one type", self_test))
