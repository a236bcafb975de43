#!/usr/bin/env python3
"""The shared libraries show what the public headers declare, and nothing else.

usage: exports_test.py --library librestate.so [--part FUNCTION librestate-part.so]...
"""

import argparse
import pathlib
import re
import subprocess
import sys

INCLUDE = pathlib.Path(__file__).resolve().parents[2] / "include" / "restate"
# Namespaces are those of the folders; `detail` is what templates of the headers call.
NAMESPACES = {path.name for path in INCLUDE.iterdir() if path.is_dir()} | {"detail"}
KINDS = re.compile(r"^(vtable for|VTT for|typeinfo for|typeinfo name for|guard variable for|"
                   r"(?:non-)?virtual thunk to|covariant return thunk to) ")


def exported(library):
    done = subprocess.run(["nm", "-D", "--defined-only", "-C", library], check=True, capture_output=True, text=True)
    return sorted({line.split(" ", 2)[2] for line in done.stdout.splitlines()})


def without_arguments(name):
    """`restate::Result<int> restate::f<int>(int)` -> `restate::f`: neither result nor arguments."""
    depth, out = 0, ""
    for at, char in enumerate(name):
        if char == "<" and not out.endswith("operator") and not out.endswith("operator<"):
            depth += 1
        elif char == ">" and depth > 0:
            depth -= 1
        elif depth == 0:
            if char == "(" and not name.startswith("(anonymous", at):
                break
            if char == " " and not out.endswith("operator"):
                out = ""  # what came before was the result
                continue
            out += char
    return out


def finding(name, words):
    """Why this name must not be shown; nothing if it may be."""
    plain = KINDS.sub("", name)
    if plain != name:
        plain = plain.split(" ", 1)[0]  # a type of functions has its arguments behind
    path = without_arguments(plain).split("::")
    if path[0] == "std" and name.startswith("restate::"):
        return None  # of a container of public values: a version script looks at the result first
    if path[0] != "restate" or len(path) < 2:
        return "is not ours"
    if re.fullmatch(r"[a-z_0-9]+", path[1]) and len(path) > 2 and path[1] not in NAMESPACES:
        return "is of an internal namespace"
    for part in path[1:]:
        part = re.sub(r"\[abi:.*", "", part).lstrip("~")
        if part == "Impl":
            return "is a secret of its class"
        if not part.startswith("operator") and part not in words:
            return f"is in no public header: {part}"
    return None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--library", required=True)
    parser.add_argument("--part", nargs=2, action="append", default=[], metavar=("FUNCTION", "LIBRARY"))
    options = parser.parse_args()
    words = set()
    for path in INCLUDE.rglob("*.h"):
        words.update(re.findall(r"\w+", re.sub(r"//.*", "", path.read_text())))

    names = exported(options.library)
    bad = [f"{name}\n    {why}" for name in names if (why := finding(name, words))]
    # The check itself: what is internal is found.
    for name in ("rocksdb::DB::Open()", "restate::worker::Leader::lead()", "vtable for restate::native::HandlerSession",
                 "restate::Engine::Impl::open()", "restate::storage::encode_row_key(int)", "std::vector<restate::Bytes>::clear()"):
        if finding(name, words) is None:
            bad.append(f"{name}\n    would not be found")
    for name in ("restate::Engine::open(restate::EngineOptions)", "restate::version()",
                 "restate::ContextSteps::sleep(std::chrono::duration<long, std::ratio<1l, 1000000000l> >, "
                 "std::basic_string_view<char, std::char_traits<char> >)",
                 "vtable for restate::uv::Runtime", "restate::testing::World::step()"):
        if name not in names:
            bad.append(f"{name}\n    is missing")
    for function, library in options.part:
        shown = exported(library)
        bad += [f"{name}\n    of {library}: only {function} is public" for name in shown
                if not name.startswith(f"restate::{function}(")]
        if not shown:
            bad.append(f"{library} shows nothing")
    print("\n".join(bad[:40]))
    print(f"{len(names)} names, {len(bad)} findings")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
