#!/usr/bin/env python3
"""Replays the recorded changes of concurrency rules: `/limits/rules` of the admin API.

usage: rules_vectors.py --server BINARY [--modules IGNORED] [step...]

Compared are status, headers and JSON; texts for people are free. The steps build on each other, so all of
them run; those named on the command line are the ones that count.
"""

import argparse
import json
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))
from harness import Server, request  # noqa: E402

RECORDING = HERE / "vectors" / "admin.json"


def agrees(expected, actual):
    """Placeholders stand for values that are new every time."""
    if expected == "${millis}":
        return isinstance(actual, int) and actual > 1_700_000_000_000
    if expected == "${msg}":
        return isinstance(actual, str) and actual != ""
    if isinstance(expected, dict):
        return isinstance(actual, dict) and expected.keys() == actual.keys() and all(
            agrees(value, actual[name]) for name, value in expected.items())
    if isinstance(expected, list):
        return isinstance(actual, list) and len(expected) == len(actual) and all(map(agrees, expected, actual))
    return type(expected) is type(actual) and expected == actual


def differences(step, response):
    expected = step["response"]
    if response.status != expected["status"]:
        yield f"status {response.status}, expected {expected['status']}"
    for name, value in (expected.get("headers") or {}).items():
        if response.headers.get(name) != value:
            yield f"header {name}: {response.headers.get(name)!r}, expected {value!r}"
    if "json" in expected:
        try:
            if not agrees(expected["json"], response.json()):
                yield f"body {response.body!r}, expected {json.dumps(expected['json'])}"
        except ValueError:
            yield f"body {response.body!r} is no JSON"
    elif expected.get("empty") and response.body:
        yield f"body {response.body!r}, expected none"
    elif "text" in expected and not response.body:
        yield "no text"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--server", required=True)
    parser.add_argument("--modules")
    parser.add_argument("steps", nargs="*")
    options = parser.parse_args()

    steps = [step for step in json.loads(RECORDING.read_text())["steps"] if re.match("rules-", step["id"])]
    later = json.loads((HERE / "deviations.json").read_text())["later"]
    passed = failed = untried = 0
    # The recording was made without flow control: rules can be written before anybody counts.
    server = Server(options.server, env={"RESTATE_DEFAULT_NUM_PARTITIONS": "4"})
    try:
        server.start()
        for step in steps:
            if f"rules/{step['id']}" in later:
                untried += 1
                continue
            asked = step["request"]
            body = json.dumps(asked["json"]) if "json" in asked else None
            headers = {**({"content-type": "application/json"} if body else {}), **asked.get("headers", {})}
            response = request(server.admin, asked["method"], asked["path"], body, headers)
            if options.steps and step["id"] not in options.steps:
                continue
            found = list(differences(step, response))
            passed += not found
            failed += bool(found)
            for what in found:
                print(f"{step['id']}: {what}")
    finally:
        server.close()
    print(f"compat_rules: {passed} of {len(steps)} steps pass, 0 deviations, {untried} not run, {failed} FAILED")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
