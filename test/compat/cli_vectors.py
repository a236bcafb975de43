#!/usr/bin/env python3
"""The real `restate` CLI against our server: every command answers as it does against the reference.

usage: cli_vectors.py --server BINARY --modules DIR [--reference BINARY [--record]] [step...]

Compared are exit codes and outputs (cli_scenario.py says what is left out) with vectors/cli.json, recorded
from the reference. With --reference that server plays as well, at the same time, and is what ours is
compared with; the recording has to be what it says today, and --record makes it so. Deliberate differences
stand in deviations.json. All steps run; those named on the command line are the ones that count.
"""

import argparse
import concurrent.futures
import difflib
import json
import pathlib
import sys

from cli_scenario import play

HERE = pathlib.Path(__file__).resolve().parent
RECORDING = HERE / "vectors" / "cli.json"


def text(step):
    return [f"exit code {step[0]}", *step[1]] if step else ["no such step"]


def difference(expected, found):
    return "\n".join(difflib.unified_diff(text(expected), text(found), "reference", "ours", lineterm="", n=2))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--server", required=True)
    parser.add_argument("--modules", required=True)
    parser.add_argument("--reference")
    parser.add_argument("--record", action="store_true")
    parser.add_argument("steps", nargs="*")
    options = parser.parse_args()

    recorded = json.loads(RECORDING.read_text())["steps"] if RECORDING.exists() else {}
    deviations = json.loads((HERE / "deviations.json").read_text())["cli"]
    expected, stale = recorded, []
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        ours = pool.submit(play, options.server, options.modules)
        if options.reference:
            expected = pool.submit(play, options.reference, options.modules).result()
        found = ours.result()
    if options.record:
        RECORDING.write_text(json.dumps({
            "note": "What the CLI 1.7.12 prints against restate-server 1.7.12, by cli_vectors.py --record: "
                    "step -> [exit code, lines].",
            "steps": expected}, indent=1, ensure_ascii=False) + "\n")
    elif options.reference:
        stale = [name for name in expected if expected[name] != recorded.get(name)]

    passed, deviating, failed = 0, 0, 0
    for name in {**expected, **found}:
        if options.steps and name not in options.steps:
            continue
        differs = difference(expected.get(name), found.get(name))
        if name in stale:
            print(f"STALE   {name}: the recording is not what the reference says\n"
                  f"{difference(recorded.get(name), expected[name])}")
            failed += 1
        elif bool(differs) != (name in deviations):
            print(f"FAILED  {name}\n{differs or 'it is listed in deviations.json, and passes'}")
            failed += 1
        elif differs:
            deviating += 1
        else:
            passed += 1
    unknown = [name for name in deviations if name not in expected]
    if unknown:
        print(f"deviations.json lists steps that there are not: {unknown}")
    print(f"compat_cli: {passed} of {len(found)} steps pass, {deviating} deviations, {failed} failed")
    return 1 if failed or unknown or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
