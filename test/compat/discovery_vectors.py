#!/usr/bin/env python3
"""Replays the recorded discoveries: an endpoint answers as it did then, and is registered.

usage: discovery_vectors.py --server BINARY [--modules IGNORED] [case...]

Compared are the status of the admin API, its error code, and how often the endpoint was asked.
"""

import argparse
import http.server
import json
import pathlib
import sys
import threading

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))
from harness import Server  # noqa: E402

RECORDING = HERE / "vectors" / "discovery_cases.json"


class Endpoint(http.server.ThreadingHTTPServer):
    """Serves every case under a path of its own, and counts."""

    daemon_threads = True

    def __init__(self, cases):
        super().__init__(("127.0.0.1", 0), EndpointRequest)
        self.responses = {f"/{case['case']}/discover": case["response"] for case in cases}
        self.asked = dict.fromkeys(self.responses, 0)
        threading.Thread(target=self.serve_forever, daemon=True).start()


class EndpointRequest(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):  # noqa: N802
        self.server.asked[self.path] += 1
        response = self.server.responses[self.path]
        body = response["body"]
        body = (body if isinstance(body, str) else json.dumps(body)).encode()
        self.send_response(response["status"])
        if response["content_type"] is not None:
            self.send_header("content-type", response["content_type"])
        self.send_header("x-restate-server", "disc/1")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def differences(case, server, endpoint):
    response = server.admin_call("POST", "/deployments", {
        "uri": f"http://127.0.0.1:{endpoint.server_port}/{case['case']}", "use_http_11": True})
    if response.status != case["admin_status"]:
        yield f"status {response.status}, expected {case['admin_status']}: {response.body!r}"
    elif response.status != 201:
        code = response.json().get("restate_code")
        if code != case["restate_code"]:
            yield f"code {code}, expected {case['restate_code']}"
    asked = endpoint.asked[f"/{case['case']}/discover"]
    if asked != case["requests_made"]:
        yield f"asked {asked} times, expected {case['requests_made']}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--server", required=True)
    parser.add_argument("--modules", help="not needed; so that all runners are called alike")
    parser.add_argument("cases", nargs="*")
    options = parser.parse_args()

    cases = json.loads(RECORDING.read_text())["cases"]
    wanted = [case for case in cases if not options.cases or case["case"] in options.cases]
    endpoint = Endpoint(wanted)
    server = Server(options.server, env={"RESTATE_DEFAULT_NUM_PARTITIONS": "1"})
    failed = 0
    try:
        server.start()
        for case in wanted:
            found = list(differences(case, server, endpoint))
            failed += bool(found)
            for what in found:
                print(f"{case['case']}: {what}")
    finally:
        server.close()
    print(f"compat_discovery: {len(wanted) - failed} of {len(cases)} cases pass, 0 deviations, "
          f"{len(cases) - len(wanted)} not run, {failed} FAILED")
    return 1 if failed or not wanted else 0


if __name__ == "__main__":
    sys.exit(main())
