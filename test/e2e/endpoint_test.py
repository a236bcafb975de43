#!/usr/bin/env python3
"""C++ services behind `restate::Endpoint` against a server, ours or the reference: everything that
sdk_test.py asks of the TypeScript SDK, in every version of the service protocol, and some more.

usage: endpoint_test.py --endpoint BINARY --server BINARY [--protocol 5|6|7] [name...]
"""

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time

import sdk_test
from harness import Server, eventually, free_port, request, run_tests

INACTIVITY = {"RESTATE_WORKER__INVOKER__INACTIVITY_TIMEOUT": "1s"}
PROTOCOL_7 = {"RESTATE_EXPERIMENTAL_ENABLE_PROTOCOL_V7": "true"}

# A key for request identity, and its public half as a server prints it.
PEM = """-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIPe++4ZTPQDF81otpoU/mOGHC2vOAVp9WbiCblvn3nXO
-----END PRIVATE KEY-----
"""
PUBLIC_KEY = "publickeyv1_AfQwmwfgEZhrWpvv8N52SHpRtZqGGaFr4AZN6qtYWSiY"


class Endpoint:
    """The C++ services, in a process of their own; survives being killed."""

    def __init__(self, binary, *arguments):
        self.port = free_port()
        self.command = [binary, str(self.port), *map(str, arguments)]
        self.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()

    def start(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE)
        assert self.process.stdout.readline().strip() == b"ready"

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


def protocols_spoken(server):
    """Every version that an invocation was pinned to."""
    response = request(server.admin, "POST", "/query",
                       '{"query": "SELECT DISTINCT pinned_service_protocol_version AS v FROM sys_invocation '
                       'WHERE pinned_service_protocol_version IS NOT NULL"}',
                       {"content-type": "application/json", "accept": "application/json"})
    assert response.status == 200, response
    return [row["v"] for row in response.json()["rows"]]


# --- What the TypeScript services do not have ---

def a_race_ends_once(s, _endpoint):
    assert s.ok("/Runner/race", 50) == "time is up"
    waiting = s.send("/Runner/race/send", 60_000)
    time.sleep(1.5)  # past the inactivity timeout
    s.ok("/Runner/ring", {"id": waiting, "with": "ding"})
    assert s.attach(waiting).json() == "ding"


def what_is_sent_is_taken_back(s, _endpoint):
    assert s.ok("/Runner/takeBack").startswith("caught:")


def more_sleep_than_there_are_threads(s, _endpoint):
    sleepers = [s.send("/Runner/sleep/send", 400) for _ in range(40)]
    for sleeper in sleepers:
        assert s.attach(sleeper).json() == "slept"


def an_endpoint_is_killed_and_started_again(s, endpoint):
    with tempfile.TemporaryDirectory(prefix="restate-endpoint-") as folder:
        files = [os.path.join(folder, name) for name in ("waits", "sleeps")]
        # One waits at its thread, the other has suspended: the endpoint dies in between.
        sleeping = s.send("/Runner/book/send", {"file": files[1], "ms": 4500})
        eventually(lambda: os.path.exists(files[1]))
        time.sleep(1.8)
        waiting = s.send("/Runner/book/send", {"file": files[0], "ms": 2500})
        held = s.send("/Counter/survivor/hold/send", 2500)
        queued = s.send("/Counter/survivor/add/send", 3)
        eventually(lambda: os.path.exists(files[0]))
        time.sleep(0.3)
        endpoint.kill()
        time.sleep(0.5)
        endpoint.start()
        assert s.attach(waiting).json() == 1
        assert s.attach(sleeping).json() == 1
        assert s.attach(held).json() == "held"
        assert s.attach(queued).json() == 3


EXTRA = [a_race_ends_once, what_is_sent_is_taken_back, more_sleep_than_there_are_threads,
         an_endpoint_is_killed_and_started_again]


def in_protocol(version, options, names):
    """All scenarios in one version of the service protocol, against a server of their own."""
    env = {**INACTIVITY, **(PROTOCOL_7 if version == 7 else {})}
    with Endpoint(options.endpoint, "--protocol", 5, version, "--threads", 16) as endpoint, \
            Server(options.server, env=env) as server:
        server.start()
        server.register(endpoint.port)
        runs = [(f"v{version} {t.__name__}", lambda t=t: t(server)) for t in sdk_test.TESTS]
        runs += [(f"v{version} {t.__name__}", lambda t=t: t(server, endpoint)) for t in EXTRA]
        runs = [(name, run) for name, run in runs if not names or name.split()[1] in names]

        def version_was_spoken():
            assert protocols_spoken(server) == [version], protocols_spoken(server)

        code = run_tests(runs + [(f"v{version} was spoken", version_was_spoken)])
        if code:
            print(server.tail())
        return code


def work_lives_on_over_a_kill(options):
    with Endpoint(options.endpoint) as endpoint:
        sdk_test.restart_test(options.server, endpoint)


def http1_endpoints_work(options):
    with Endpoint(options.endpoint) as endpoint, Server(options.server).start() as server:
        server.register(endpoint.port, use_http_11=True)
        assert server.ok("/Greeter/greet", "Ada") == "Hello Ada!"
        assert server.ok("/Runner/steps", 5) == 10
        assert server.ok("/Counter/h1/add", 2) == 2
        assert server.ok("/Runner/sleep", 300) == "slept"


def only_who_signs_is_answered(options):
    with tempfile.TemporaryDirectory(prefix="restate-endpoint-") as folder:
        pem = os.path.join(folder, "identity.pem")
        with open(pem, "w", encoding="ascii") as file:
            file.write(PEM)
        env = {**INACTIVITY, "RESTATE_WORKER__INVOKER__REQUEST_IDENTITY_PRIVATE_KEY_PEM_FILE": pem}
        with Endpoint(options.endpoint, "--key", PUBLIC_KEY) as endpoint:
            for path, method in (("/discover", "GET"), ("/invoke/Greeter/greet", "POST")):
                response = request(endpoint.port, method, path)
                assert response.status == 401, (path, response)
            assert request(endpoint.port, "GET", "/health").status == 200
            with Server(options.server).start() as stranger:
                refused = stranger.admin_call("POST", "/deployments",
                                              {"uri": f"http://127.0.0.1:{endpoint.port}"})
                assert refused.status >= 400 and b"401" in refused.body, refused
            with Server(options.server, env=env).start() as server:
                server.register(endpoint.port)
                assert server.ok("/Greeter/greet", "Ada") == "Hello Ada!"
                assert server.ok("/Counter/a%20key%2Fwith%20%C3%A9/add", 2) == 2
                assert server.ok("/Runner/sleep", 1500) == "slept"
                # An endpoint in front of which something stands: the token is for the path behind it.
                server.register(f"{endpoint.port}/some/base", force=True)
                assert server.ok("/Greeter/greet", "Bob") == "Hello Bob!"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--endpoint", required=True)
    parser.add_argument("--server", required=True)
    parser.add_argument("--protocol", type=int, choices=(5, 6, 7))
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    singles = [work_lives_on_over_a_kill, http1_endpoints_work, only_who_signs_is_answered]
    codes = []

    def beside(work, *arguments):
        # A thread that dies counts as failed: nobody has written its 0.
        position = len(codes)
        codes.append(1)
        thread = threading.Thread(target=lambda: codes.__setitem__(position, work(*arguments)))
        thread.start()
        return thread

    # They mostly wait, so they wait at the same time.
    named = [t for t in singles if not options.names or t.__name__ in options.names]
    wanted = [n for n in options.names if n not in {t.__name__ for t in singles}]
    threads = []
    if wanted or not options.names:
        versions = (options.protocol,) if options.protocol else (5, 6, 7)
        threads = [beside(in_protocol, version, options, wanted) for version in versions]
    if named and not options.protocol:
        threads.append(beside(run_tests, [(t.__name__, lambda t=t: t(options)) for t in named]))
    for thread in threads:
        thread.join()
    return max(codes, default=1)


if __name__ == "__main__":
    sys.exit(main())
