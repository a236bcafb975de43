#!/usr/bin/env python3
"""Checks what the compiler does not: layers, banned names in machines, unlisted sources.

Run by ctest (`ctest -R tidy`); needs no build. Prints one line per finding and exits 1 if there
are any.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
LIB = ROOT / "lib"

# Modules that decide and never wait; a folder named machine/ inside any module counts as well.
PURE_MODULES = {"common", "wire", "schema", "partition", "protocol"}
BANNED_IN_MACHINES = {
    r"#include\s+<restate/runtime\.h>": "a machine knows no runtime",
    r"#include\s+<(thread|mutex|condition_variable|random|iostream|future)>": "a machine knows no thread, no randomness, no console",
    r"::now\s*\(\)": "the time is in the event",
    r"\bstd::(thread|mutex|random_device|cout|cerr)\b": "a machine knows no thread, no randomness, no console",
    r"\brand\s*\(\)": "no randomness in a machine",
}
# Iterating these is order that differs from run to run.
UNORDERED_LOOP = re.compile(r"for\s*\([^;)]*:\s*[\w.>-]*unordered")
EXEMPT = {"lib/common/log.cc", "lib/common/completion.cc", "lib/common/error.cc"}
HOST_ONLY = re.compile(r"#include\s+<(uv\.h|rocksdb/[^>]*|thread|mutex|condition_variable|curl/[^>]*|openssl/ssl\.h)>")
HOST_PLACES = ("lib/uv/", "lib/runtime/thread", "lib/storage/rocksdb/", "lib/storage/segment_log/",
               "lib/storage/memory/", "lib/query/duckdb/",
               "lib/connect/", "lib/engine/", "lib/native/pool")


def layers():
    table = {}
    text = (ROOT / "cmake" / "Layers.cmake").read_text()
    for name, uses in re.findall(r'^\s*"(\w+):([^"]*)"', text, re.M):
        table[name] = set(uses.split())
    return table


def main():
    findings = []
    table = layers()
    for path in sorted(LIB.rglob("*")):
        if path.suffix not in {".cc", ".h"}:
            continue
        name = path.relative_to(ROOT).as_posix()
        module = name.split("/")[1]
        text = path.read_text()
        for number, line in enumerate(text.splitlines(), 1):
            include = re.match(r'#include\s+"(\w+)/', line)
            if include and include.group(1) in table:
                used = include.group(1)
                if used != module and used not in table.get(module, set()):
                    findings.append(f"{name}:{number}: layer: {module} may not include {used}")
            if HOST_ONLY.search(line) and not name.startswith(HOST_PLACES):
                findings.append(f"{name}:{number}: only a host file may include this: {line.strip()}")
            if re.search(r"\b(TODO|FIXME)\b(?!\(#\d+\))", line):
                findings.append(f"{name}:{number}: a note to self without an issue number")
            if re.search(r"\bco_(await|yield|return)\b", line):
                findings.append(f"{name}:{number}: no coroutines in the library")
        pure = module in PURE_MODULES or "/machine/" in name
        if pure and name not in EXEMPT:
            for pattern, why in BANNED_IN_MACHINES.items():
                for match in re.finditer(pattern, text):
                    number = text.count("\n", 0, match.start()) + 1
                    findings.append(f"{name}:{number}: {why}: {match.group(0)}")
        if UNORDERED_LOOP.search(text):
            findings.append(f"{name}: iterates an unordered container")
        if path.suffix == ".cc":
            listed = path.parent
            while listed != ROOT and not (listed / "CMakeLists.txt").exists():
                listed = listed.parent
            relative = path.relative_to(listed).as_posix()
            if relative not in (listed / "CMakeLists.txt").read_text():
                findings.append(f"{name}: no module lists this source")
    for path in sorted((ROOT / "include").rglob("*.h")):
        name = path.relative_to(ROOT).as_posix()
        text = path.read_text()
        if not text.startswith("#pragma once"):
            findings.append(f"{name}: a header starts with #pragma once")
        for number, line in enumerate(text.splitlines(), 1):
            if re.match(r"#include\s+<restate/json\.h>", line):
                findings.append(f"{name}:{number}: JSON is for users to opt in")
            if name == "include/restate/json.h" and "<nlohmann/" in line:
                continue
            # Our own and the standard library's. Of those, not what takes long or does what a library does not do.
            if re.match(r"#include\s+<(?!restate/|[a-z_]+>)", line):
                findings.append(f"{name}:{number}: a public header shows a private dependency")
            if re.match(r"#include\s+<(future|iostream|regex|thread|mutex)>", line):
                findings.append(f"{name}:{number}: public headers do without it")
            if re.match(r'#include\s+"', line):
                findings.append(f"{name}:{number}: a public header includes <restate/...> only")
        # What it declares is shown by the shared library; what it includes says so itself.
        shown = re.findall(r"^(?:#include|namespace restate|#pragma GCC visibility \w+)", text, re.M)
        while shown and shown[0] == "#include":
            shown.pop(0)
        if "namespace restate" in shown and not re.fullmatch(
                "(namespace restate )?#pragma GCC visibility push( namespace restate)+ #pragma GCC visibility pop",
                " ".join(shown)):
            findings.append(f"{name}: declarations stand between `#pragma GCC visibility push(default)` and `pop`")
    planted = re.findall(r'RESTATE_MUTATION\("([^"]+)"\)', "".join(
        path.read_text() for path in sorted(LIB.rglob("*.cc"))))
    run = re.findall(r'"(\w+/[\w-]+)"', (ROOT / "test/sim/mutants.cc").read_text())
    for name in sorted(set(planted) ^ set(run)):
        findings.append(f"{name}: planted bugs are those that test/sim/mutants.cc runs")
    for name in sorted({name for name in planted if planted.count(name) > 1}):
        findings.append(f"{name}: a planted bug stands in one place")
    for finding in findings:
        print(finding)
    print(f"tidy: {len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
