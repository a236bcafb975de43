#!/usr/bin/env python3
"""Clients and endpoints that send nonsense: each gets its error, and everybody else is served.

usage: bad_input_test.py --server BINARY --modules DIR [name...]
"""

import argparse
import json
import os
import random
import sys

from harness import Server, Services, eventually, request, run_tests
from raw import END, MANIFEST_TYPE, Proxy, RawEndpoint, field, frame, output, response, send_raw

TESTS = []
BIG = 33 << 20  # more than request-size-limit and message-size-limit
NOISE = random.Random(7).randbytes(4096)


def test(function):
    TESTS.append(function)
    return function


def still_serves(s):
    assert s.ok("/Greeter/greet", "Ada") == "Hello Ada!"
    assert s.admin_call("GET", "/health").status == 200


# --- Clients ---


def status_of(answer):
    """The status of a raw HTTP/1.1 answer; 0 if the connection was just closed."""
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.1 ") else 0


@test
def malformed_heads_are_refused(s):
    host = b"host: x\r\n"
    cases = {
        b"\r\n\r\n\r\n": (0, 400),
        b"nonsense\r\n\r\n": (400,),
        b"GET / HTTP/9.9\r\n" + host + b"\r\n": (400, 505),
        b"GET /\x00 HTTP/1.1\r\n" + host + b"\r\n": (400,),
        b"POST /Greeter/greet HTTP/1.1\r\n" + host + b"content-length: ten\r\n\r\n": (400,),
        b"POST /Greeter/greet HTTP/1.1\r\n" + host + b"content-length: -1\r\n\r\n": (400,),
        b"POST /Greeter/greet HTTP/1.1\r\n" + host + b"content-length: 1\r\ncontent-length: 2\r\n\r\n1": (400,),
        b"POST /Greeter/greet HTTP/1.1\r\n" + host + b"transfer-encoding: chunked\r\n\r\nzz\r\n": (400, 500),
        b"GET / HTTP/1.1\r\n" + host + b"a header without colon\r\n\r\n": (400,),
        b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n" + host + b"\r\n": (414, 431),
        b"GET / HTTP/1.1\r\n" + b"".join(b"h%d: x\r\n" % i for i in range(2000)) + b"\r\n": (431,),
        b"GET / HTTP/1.1\r\n" + b"h: " + b"x" * (4 << 20) + b"\r\n\r\n": (431,),
        b"GET / HTTP/1.1\r\nhost": (0, 400),  # and no more
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + NOISE[:500]: (0, 400),  # TLS
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + NOISE: (0,),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x04\x04\x00\x00\x00\x00\x00\x00": (0,),
        NOISE: (0, 400),
    }
    wrong = []
    for port in (s.ingress, s.admin, s.node):
        for data, statuses in cases.items():
            answer = send_raw(port, data)
            if status_of(answer) not in statuses:
                wrong.append((port, data[:80], answer[:200]))
    assert not wrong, "\n".join(map(str, wrong))
    still_serves(s)


@test
def oversized_bodies_are_refused(s):
    body = b"x" * BIG
    headers = {"content-type": "application/json"}

    def post(port, path, **kwargs):
        # A server that answers before it has read everything may close under our hands.
        try:
            return request(port, "POST", path, headers={**headers, **kwargs.pop("headers", {})}, **kwargs).status
        except (BrokenPipeError, ConnectionResetError):
            return 413
    assert post(s.ingress, "/Greeter/greet", body=body) == 413
    assert post(s.ingress, "/Greeter/greet", body=(body[i:i + 65536] for i in range(0, BIG, 65536))) == 413  # chunked
    assert post(s.admin, "/deployments", body=body) == 413
    still_serves(s)


@test
def bad_ids_are_named(s):
    good = s.send("/Greeter/greet/send", "x")
    for bad in ("x", "inv_", "inv_1", good[:-1], good + "1", good[:-1] + "-", "dp_" + good[4:], "inv_%00",
                "inv_1" + "z" * 40):
        for path in (f"/restate/invocation/{bad}/attach", f"/restate/invocation/{bad}/output"):
            answer = request(s.ingress, "GET", path)
            assert answer.status == 400 and answer.json()["message"], (bad, answer)
        answer = s.admin_call("PATCH", f"/invocations/{bad}/cancel")
        assert answer.status == 400 and "invocation_id" in answer.json()["message"], (bad, answer)
        answer = s.call(f"/restate/awakeables/{bad}/resolve", 1)
        assert answer.status == 400 and answer.json()["message"], (bad, answer)
        assert request(s.admin, "GET", f"/deployments/{bad}").status == 400, bad
    assert s.call("/Counter/%ff/get").status == 400  # a key is text
    still_serves(s)


@test
def bad_json_is_refused(s):
    def post(method, path, body, content_type="application/json"):
        return request(s.admin, method, path, body, {"content-type": content_type} if content_type else {})
    for method, path in (("POST", "/deployments"), ("PATCH", "/services/Counter"),
                         ("POST", "/services/Counter/state")):
        for body in (b"", b"{", b"nonsense", b'{"uri": "x"', NOISE, b"[" * 100_000, b'{"a":"\xff"}'):
            answer = post(method, path, body)
            assert answer.status == 400, (method, path, body[:40], answer)
        for body in (b"[]", b"3", b'"text"'):
            assert post(method, path, body).status == 422, (method, path, body)
        assert post(method, path, b"{}", "text/plain").status == 415
        assert post(method, path, b"{}", None).status == 415
    for body, status in ((b"{}", 422), (b'{"uri": 3}', 422), (b'{"uri": "not a uri"}', 422),
                         (b'{"uri": "/relative"}', 400), (b'{"uri": "http://x", "additional_headers": 3}', 422),
                         (b'{"arn": "nonsense"}', 400)):
        assert post("POST", "/deployments", body).status == status, (body, post("POST", "/deployments", body))
    assert post("PATCH", "/services/Counter", b'{"idempotency_retention": "soon"}').status in (400, 422)
    assert request(s.admin, "GET", "/services/Nobody").status == 404
    assert request(s.admin, "GET", "/no/such/path").status == 404
    still_serves(s)


# --- Endpoints that cannot be registered ---


@test
def bad_manifests_are_refused(s):
    def manifest(body, **kwargs):
        return response(body, **{"content_type": MANIFEST_TYPE, **kwargs})

    def services(*list_):
        return manifest(json.dumps({"protocolMode": "REQUEST_RESPONSE", "minProtocolVersion": 5,
                                    "maxProtocolVersion": 5, "services": list(list_)}).encode())
    handlers = [{"name": "h"}]
    cases = {
        "not JSON": manifest(b"<html>hello</html>"),
        "empty": manifest(b""),
        "noise": manifest(NOISE),
        "half": manifest(b'{"protocolMode": "REQUEST_RE'),
        "deep": manifest(b"[" * 100_000),
        "another shape": manifest(b'{"services": 3}'),
        "a bad service name": services({"name": "a b", "ty": "SERVICE", "handlers": handlers}),
        "no such type": services({"name": "A", "ty": "CAKE", "handlers": handlers}),
        "another content type": manifest(b"{}", content_type="text/html"),
        "500": manifest(b"oops", status="500 Internal Server Error"),
        "not HTTP": NOISE,
        "a short body": b"HTTP/1.1 200 OK\r\ncontent-type: " + MANIFEST_TYPE.encode() +
                        b"\r\ncontent-length: 1000\r\n\r\n{",
        "nothing": b"",
        "too large": manifest(b" " * BIG),
    }
    wrong = []
    before = s.admin_call("GET", "/deployments").json()
    for name, discovery in cases.items():
        endpoint = RawEndpoint({}, discovery)
        try:
            answer = s.admin_call("POST", "/deployments",
                                  {"uri": f"http://127.0.0.1:{endpoint.port}", "use_http_11": True})
        finally:
            endpoint.close()
        error = answer.json()
        if answer.status not in (400, 500) or "restate_code" not in error or len(error["message"]) < 30:
            wrong.append((name, answer))
    assert not wrong, "\n".join(map(str, wrong))
    for uri in ("http://127.0.0.1:1", "http://no-such-host.invalid:9080", "https://127.0.0.1:1"):
        answer = s.admin_call("POST", "/deployments", {"uri": uri})
        assert answer.status == 500 and answer.json()["restate_code"] == "META0003", answer
    assert s.admin_call("GET", "/deployments").json() == before
    still_serves(s)


# --- Endpoints that go mad later ---

BAD_TEXT = b"\xff\xfe\x80"  # not UTF-8

BAD_ANSWERS = {  # handler -> (what it answers, the code that names it)
    "unassigned": (response(frame(0x040F)), "RT0012"),
    "custom": (response(frame(0xFC01, b"x")), "RT0012"),
    "control": (response(frame(0x03FF)), "RT0012"),
    "start": (response(frame(0x0000, b"")), "RT0012"),
    "input": (response(frame(0x0400) + END), "RT0012"),
    "notification": (response(frame(0x8002)), "RT0012"),
    "noise": (response(b"\x04\x01\x00\x00\x00\x00\x00\x10" + NOISE[:16]), "RT0012"),
    # The name of a step goes into the journal as it is; it must not trip over it later.
    "badName": (response(frame(0x0411, b"\x58\x01" + field(12, BAD_TEXT)) +
                         frame(0x0002, b"\x08\xf4\x03" + field(2, b"oops"))), "RT0007"),
    "badErrorText": (response(frame(0x0002, b"\x08\xf4\x03" + field(2, BAD_TEXT))), "RT0012"),
    "badFailure": (response(frame(0x0401, field(15, b"\x08\xf4\x03" + field(2, BAD_TEXT))) + END), "RT0012"),
    "badCall": (response(frame(0x040D, field(1, BAD_TEXT) + field(2, b"x"))), "RT0012"),
    "badOutput": (response(frame(0x0401, b"\xff" * 10) + END), "RT0012"),
    "noOutput": (response(END), "RT0012"),
    "afterEnd": (response(END + output(b"1")), "RT0012"),
    "huge": (response(frame(0x0401, b"x", length=0x7FFFFFFF)), "RT0003"),
    "tooLarge": (response(frame(0x0401, b"x" * (BIG + (1 << 20)))), "RT0003"),
    "cutHeader": (response(b"\x04\x01\x00"), "RT00"),
    "cutFrame": (response(frame(0x0401, b"x" * 10, length=100)), "RT00"),
    "cutBody": (response(output(b"1") + END)[:-4], "RT0010"),
    "silent": (response(b""), "RT0007"),
    "contentType": (response(output(b"1") + END, content_type="text/plain"), "RT0012"),
    "notFound": (response(b"", status="404 Not Found"), "RT0012"),
    "failing": (response(NOISE, status="500 Internal Server Error"), "RT0012"),
    "closed": (b"", "RT0010"),
    "notHttp": (NOISE, "RT0010"),
    "badHead": (b"HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n", "RT0010"),
    "badChunk": (b"HTTP/1.1 200 OK\r\ncontent-type: application/vnd.restate.invocation.v5\r\n"
                 b"transfer-encoding: chunked\r\n\r\nzz\r\n", "RT0010"),
}


def log_of(s, since=0):
    with open(os.path.join(s.directory, "server.log"), errors="replace") as log:
        log.seek(since)
        return log.read()


@test
def bad_frames_fail_their_invocation_only(s):
    endpoint = RawEndpoint({"good": response(output(b'"fine"') + END),
                            **{name: answer for name, (answer, _) in BAD_ANSWERS.items()}})
    try:
        s.register(endpoint.port, use_http_11=True)
        begun = os.path.getsize(os.path.join(s.directory, "server.log"))
        sent = {name: s.send(f"/Raw/{name}/send") for name in BAD_ANSWERS}
        assert s.ok("/Raw/good") == "fine"
        wrong = []
        for name, (_, code) in BAD_ANSWERS.items():
            answer = s.attach(sent[name])
            log = [line for line in log_of(s, begun).split("\n20") if sent[name] in line]
            if answer.status != 500 or not answer.json()["message"] or endpoint.attempts.get(name) != 2:
                wrong.append((name, "answered", answer, endpoint.attempts.get(name)))
            if not any("WARN" in line and code in line for line in log):
                wrong.append((name, f"logged without {code}", log))
            assert s.ok("/Raw/good") == "fine"
        assert not wrong, "\n".join(map(str, wrong))
        still_serves(s)

        # Nothing of it is left in the log or the tables that a restart would stumble over.
        waiting = s.send("/Runner/sleep/send", 1000)
        s.kill()
        s.start()
        assert s.ok("/Raw/good") == "fine"
        assert s.attach(waiting).json() == "slept"
        for name in BAD_ANSWERS:
            assert s.attach(sent[name]).status == 500, name
        still_serves(s)
    finally:
        endpoint.close()


@test
def an_endpoint_that_recovers_is_used_again(s):
    """HTTP/2 connections that carry noise, or end in the middle: retried until the endpoint is well."""
    services = Services(s.modules)
    proxy = Proxy(services.port)
    try:
        s.register(proxy.port)  # the newest deployment has the services now
        assert s.ok("/Runner/steps", 3) == 3
        settings = b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"
        for garbage, cut in ((NOISE, None), (settings + NOISE, None),
                             (settings + b"\x00\x00\x04\x01\x04\x00\x00\x00\x01\xff\xff\xff\xff", None),
                             (b"HTTP/1.1 400 Bad Request\r\n\r\n", None), (b"", None),
                             (None, 10), (None, 60), (None, 120)):
            proxy.garbage, proxy.cut_after = garbage, cut
            services.close()  # so that the pooled connection ends
            services.start()
            proxy.target = services.port
            before = proxy.connections
            waiting = s.send("/Runner/patient/send", 3)
            eventually(lambda: proxy.connections >= before + 2, message=f"{garbage!r} {cut}: no retry")
            proxy.garbage, proxy.cut_after = None, None
            assert s.attach(waiting).json() == 3, (garbage, cut)
    finally:
        proxy.close()
        services.close()
    s.register(s.services.port, force=True)
    still_serves(s)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--server", required=True)
    parser.add_argument("--modules", required=True)
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    server = Server(options.server, env={
        "RESTATE_DEFAULT_RETRY_POLICY__INITIAL_INTERVAL": "50ms",
        "RESTATE_DEFAULT_RETRY_POLICY__MAX_ATTEMPTS": "2",
        "RESTATE_DEFAULT_RETRY_POLICY__ON_MAX_ATTEMPTS": "kill",
    })
    with Services(options.modules) as services, server:
        server.modules, server.services = options.modules, services
        server.start()
        server.register(services.port)
        code = run_tests([(t.__name__, lambda t=t: t(server)) for t in TESTS], options.names)
        if code:
            print(server.tail())
        return code


if __name__ == "__main__":
    sys.exit(main())
