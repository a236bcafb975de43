#!/usr/bin/env python3
"""Keeps the book true: code that it shows is code that is built, and its links lead somewhere.

usage: snippets.py [--write] [--root DIR]

A block of code behind one of these lines has to be what stands in that file, and --write makes it so:

    <!-- from: examples/greeter/main.cc -->          the whole file
    <!-- from: examples/greeter/main.cc#greet -->    what is between `// [greet]` and `// [/greet]`, or,
                                                     in C++ without such marks, the function `greet`

Lines of marks are left out, and common indentation is taken away. In every page of the repository the
links to files and headings must exist, as must the pages of docs/ that sources and pages speak of. A page
of docs/ to which no other page leads is a finding, too. Needs no build. Prints one line per finding and
exits 1 if there are any.
"""

import argparse
import pathlib
import re
import sys
import textwrap
import urllib.parse

FROM = re.compile(r"^<!-- from: (?P<path>[^#\s]+)(?:#(?P<name>\S+))? -->$")
FENCE = re.compile(r"^(?P<fence>`{3,})(?P<language>[\w+-]*)\s*$")
MARK = re.compile(r"^\s*(?://|#)\s*\[(?P<close>/?)(?P<name>[\w-]+)\]\s*$")
HEADING = re.compile(r"^#{1,6}\s+(?P<text>.*?)\s*#*\s*$")
LINK = re.compile(r"!?\[(?:[^\[\]]|\[[^\]]*\])*\]\((?P<to>[^()\s]*)(?:\s+\"[^\"]*\")?\)")
# Also one that is the text of a link.
IMAGE = re.compile(r"!\[[^\]]*\]\((?P<to>[^()\s]*)")
REFERENCE = re.compile(r"^\s{0,3}\[[^\]]+\]:\s+(?P<to>\S+)")
ATTRIBUTE = re.compile(r"<(?:img|a|source)\b[^>]*?\b(?:src|href|srcset)=\"(?P<to>[^\"]+)\"")
MENTION = re.compile(r"(?<![\w/.-])docs/[\w./-]*?\w\.(?:md|svg|png)\b")
SOURCES = {".h", ".cc", ".py", ".cmake", ".txt", ".ts", ".toml", ".1", ".5", ".md", ""}
SOURCE_FOLDERS = ("apps", "bench", "cmake", "docs", "examples", "include", "lib", "packaging", "scripts",
                  "test")
SKIP = {"build", "out", "node_modules", ".cache", ".git", "dist", "target"}


class Missing(Exception):
    """What a block refers to is not there."""


def walk(folder):
    """Files below, without what is built or fetched."""
    for path in sorted(folder.iterdir()):
        if path.is_dir():
            if path.name not in SKIP:
                yield from walk(path)
        elif path.is_file():
            yield path


def function_named(lines, name):
    """The definition at the left margin whose first line has `name(`, with the comment above it."""
    head = re.compile(rf"^\S[^;=]*\b{re.escape(name)}\(")
    for start, line in enumerate(lines):
        if not head.match(line) or line.startswith("//"):
            continue
        end = next((i for i in range(start, len(lines)) if lines[i].rstrip() in ("}", "};")), None)
        if end is None or any(lines[i].rstrip().endswith(";") and not lines[i].startswith(" ")
                              for i in range(start, end)):
            continue  # a declaration
        while start > 0 and (lines[start - 1].startswith("//") or lines[start - 1].startswith("template")):
            start -= 1
        return lines[start:end + 1]
    return None


def region(text, name, path):
    """What a block has to show of a file."""
    lines = text.split("\n")
    if name is None:
        chosen = lines
    else:
        marks = {(m["close"], m["name"]): i for i, line in enumerate(lines) if (m := MARK.match(line))}
        first, last = marks.get(("", name)), marks.get(("/", name))
        if first is not None and last is not None and first < last:
            chosen = lines[first + 1:last]
        elif first is None and last is None and (found := function_named(lines, name)):
            chosen = found
        else:
            raise Missing(f"{path} has no part [{name}]")
    kept = [line.rstrip() for line in chosen if not MARK.match(line)]
    return textwrap.dedent("\n".join(kept)).strip("\n")


def slug(heading, taken):
    """The anchor that a heading gets."""
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", heading)
    text = re.sub(r"[^\w\- ]", "", text.replace("`", "").lower()).replace(" ", "-")
    anchor, number = text, 0
    while anchor in taken:
        number += 1
        anchor = f"{text}-{number}"
    taken.add(anchor)
    return anchor


class Page:
    """One page: its blocks of code, its headings, its links."""

    def __init__(self, path, root):
        self.path, self.root = path, root
        self.name = path.relative_to(root).as_posix()
        self.lines = path.read_text().split("\n")
        self.anchors, self.links, self.blocks = set(), [], []
        self.findings = []
        self.read()

    def read(self):
        source, fence, start = None, None, 0
        for number, line in enumerate(self.lines, 1):
            if fence:
                if line.rstrip() == fence:
                    if source:
                        self.blocks.append((source, start, number - 1))
                    source = fence = None
                continue
            opening = FENCE.match(line)
            if opening:
                fence, start = opening["fence"], number
                continue
            if source and line.strip():
                self.find(number, "no block of code follows the line before")
                source = None
            here = FROM.match(line.strip())
            if here:
                source = here
                continue
            plain = re.sub(r"`[^`]*`", lambda m: "`" * len(m[0]), line)
            if "<!-- from:" in plain:
                self.find(number, "not understood: " + line.strip())
            heading = HEADING.match(line)
            if heading:
                slug(heading["text"], self.anchors)
            for anchor in re.findall(r"<a (?:id|name)=\"([^\"]+)\"", line):
                self.anchors.add(anchor)
            for pattern in (LINK, IMAGE, REFERENCE, ATTRIBUTE):
                for match in pattern.finditer(plain):
                    if (number, match["to"]) not in self.links:
                        self.links.append((number, match["to"]))
        if fence:
            self.find(start, "this block of code never ends")

    def find(self, number, what):
        self.findings.append(f"{self.name}:{number}: {what}")

    def check_blocks(self, write):
        """Compares, or refreshes from the last block to the first, so that numbers stay right."""
        changed = False
        for source, start, end in reversed(self.blocks):
            file = self.root / source["path"]
            try:
                if not file.is_file():
                    raise Missing(f"{source['path']} does not exist")
                wanted = region(file.read_text(), source["name"], source["path"])
            except Missing as problem:
                self.find(start, str(problem))
                continue
            if "\n".join(self.lines[start:end]) == wanted:
                continue
            if write:
                self.lines[start:end] = wanted.split("\n")
                changed = True
            else:
                self.find(start, f"is not what stands in {source['path']}; "
                                 "test/docs/snippets.py --write takes it over")
        if changed:
            self.path.write_text("\n".join(self.lines))
        return changed

    def check_links(self, pages):
        """Returns the files that it leads to."""
        reached = set()
        for number, to in self.links:
            if re.match(r"[a-z][a-z0-9+.-]*:", to) or to.startswith("//"):
                continue
            target, _, anchor = to.partition("#")
            target = urllib.parse.unquote(target)
            # Pieces of the changelog are joined in the root.
            folder = self.root if self.name.startswith("changelog.d/") else self.path.parent
            file = (folder / target).resolve() if target else self.path
            if not file.exists():
                self.find(number, f"leads nowhere: {to}")
                continue
            if file.is_dir():
                reached |= {path for path in file.iterdir() if path.suffix == ".md"}
            else:
                reached.add(file)
            if anchor and (file not in pages or anchor not in pages[file].anchors):
                self.find(number, f"has no such heading: {to}")
        return reached


def mentions(root):
    """Sources that name a page of docs/ which is not there."""
    for folder in SOURCE_FOLDERS:
        if not (root / folder).is_dir():
            continue
        for path in walk(root / folder):
            if path.suffix not in SOURCES or path.parent == root / "test" / "docs":
                continue
            try:
                text = path.read_text()
            except UnicodeDecodeError:
                continue
            if "docs/" not in text:
                continue
            for number, line in enumerate(text.split("\n"), 1):
                for name in MENTION.findall(line):
                    if not (root / name).exists():
                        yield f"{path.relative_to(root).as_posix()}:{number}: speaks of {name}, which is not there"


def check(root, write=False):
    """All findings, one line each, and how many blocks are taken from files."""
    pages = {path.resolve(): Page(path, root) for path in walk(root) if path.suffix == ".md"}
    findings, reached = [], set()
    for path, page in pages.items():
        if page.check_blocks(write):
            pages[path] = page = Page(page.path, root)
        reached |= page.check_links(pages) - {path}
    for page in pages.values():
        findings += page.findings
        if page.name.startswith("docs/") and page.path.resolve() not in reached:
            findings.append(f"{page.name}:1: no page leads here")
    findings += mentions(root)
    return findings, sum(len(page.blocks) for page in pages.values())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--write", action="store_true", help="take over what changed in the files")
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parents[2])
    arguments = parser.parse_args()
    findings, blocks = check(arguments.root.resolve(), arguments.write)
    for finding in findings:
        print(finding)
    print(f"{blocks} blocks of code are taken from files, {len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
