#!/usr/bin/env python3
"""Holds the book to what the sources say: its modules and their layers, planted bugs, codes of errors, paths,
configuration keys and metrics.

usage: facts.py [--root DIR]

Needs no build. Prints one line per finding and exits 1 if there are any.
"""

import argparse
import pathlib
import re
import sys

PATH = re.compile(r"`((?:apps|bench|cmake|docs|examples|include/restate|lib|packaging|scripts|test)/[\w./-]*\w)`(?<!\.so`)")
KEY = re.compile(r"`((?:admin|ingress|networking|worker)\.[a-z][a-z0-9.-]*[a-z0-9])`")
METRIC = re.compile(r"\brestate_([a-z0-9_]*[a-z0-9])")
BOX = re.compile(r'<text class="[^"]*\bmodule\b[^"]*"[^>]* y="(\d+)"[^>]*>(\w+)<')


def between(text, start, end):
    return text.partition(start)[2].partition(end)[0]


def modules(root):
    """The table and the picture of architecture.md against cmake/Layers.cmake."""
    layers = {name: uses.split() for name, uses in
              re.findall(r'^\s*"(\w+):([^"]*)"', (root / "cmake/Layers.cmake").read_text(), re.M)
              if (root / "lib" / name).is_dir()}
    page = "docs/architecture.md"
    section = between((root / page).read_text(), "## The modules", "\n## ")
    told = re.findall(r"`(\w+)`", "".join(re.findall(r"^\|([^|]*)\|", section, re.M)))
    for name in sorted(layers.keys() ^ set(told)):
        yield f"{page}: the table of modules and cmake/Layers.cmake do not agree about {name}"
    for name in sorted({name for name in told if told.count(name) > 1}):
        yield f"{page}: {name} is twice in the table of modules"
    picture = "docs/images/modules.svg"
    drawn = {name: int(y) for y, name in BOX.findall((root / picture).read_text())}
    for name in sorted(layers.keys() ^ drawn.keys()):
        yield f"{picture}: the picture and cmake/Layers.cmake do not agree about {name}"
    for name, uses in layers.items():
        for used in uses:
            if name in drawn and used in drawn and drawn[used] <= drawn[name]:
                yield f"{picture}: {name} uses {used}, which is not drawn below it"


def planted_bugs(root):
    page = "docs/simulator.md"
    told = set(re.findall(r"^\| `(\w+/[\w-]+)` \| \d", (root / page).read_text(), re.M))
    run = set(re.findall(r'"(\w+/[\w-]+)"', (root / "test/sim/mutants.cc").read_text()))
    for name in sorted(told ^ run):
        yield f"{page}: the table and test/sim/mutants.cc do not agree about {name}"


def codes(root):
    """Every code that stands in front of a message has its row in troubleshooting.md, and no other."""
    page = "docs/troubleshooting.md"
    rows = re.findall(r"^\| ([A-Z0-9, ]+) \|", (root / page).read_text(), re.M)
    told = {code for row in rows for code in row.split(", ") if re.match(r"(RT|META)\d", code)}
    said = set()
    for path in [*(root / "lib").rglob("*.cc"), *(root / "apps").rglob("*.cc")]:
        said |= set(re.findall(r'"\[?((?:RT|META)00\d\d)\b', path.read_text()))
    for code in sorted(told ^ said):
        yield f"{page}: the page and the sources do not agree about {code}"


def words(root):
    """Paths, keys and metrics that pages name."""
    keys = "".join(path.read_text() for path in (root / "lib/node").glob("*.cc"))
    library = "".join(path.read_text() for path in (root / "lib").rglob("*.cc"))
    pages = [root / "README.md", *(root / "docs").rglob("*.md"), *(root / "lib").glob("*/README.md")]
    for page in sorted(pages):
        name = page.relative_to(root).as_posix()
        for number, line in enumerate(page.read_text().split("\n"), 1):
            for path in PATH.findall(line):
                if not any((root / (path + suffix)).exists() for suffix in ("", ".h", ".cc")):
                    yield f"{name}:{number}: {path} does not exist"
            for key in KEY.findall(line):
                # The client's keys are put together from a section and a name.
                if f'"{key}' not in keys and f'".{key.rpartition(".")[2]}' not in keys and \
                        f'"{key.rpartition(".")[2]}"' not in keys:
                    yield f"{name}:{number}: no configuration key begins with {key}"
            for metric in METRIC.findall(line) if name == "docs/observability.md" else ():
                if f'"{metric}' not in library:
                    yield f"{name}:{number}: there is no metric restate_{metric}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parents[2])
    root = parser.parse_args().root.resolve()
    findings = [*modules(root), *planted_bugs(root), *codes(root), *words(root)]
    for finding in findings:
        print(finding)
    print(f"{len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
