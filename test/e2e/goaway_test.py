#!/usr/bin/env python3
"""Connections that end under load: requests that an endpoint refuses unread go elsewhere, cost no
attempt, and nothing of theirs is lost or done twice.

usage: goaway_test.py --server BINARY --modules DIR
"""

import argparse
import concurrent.futures
import json
import subprocess
import sys

from harness import Server, Services, eventually, run_tests

CALLS, SENDS, AT_ONCE = 400, 3, 48


def counts(options, services):
    """What the endpoint did to us; it speaks HTTP/2 only."""
    node = services.command[0]
    script = ("const c = require('http2').connect('http://127.0.0.1:%d'); const r = c.request({':path': '/counts'});"
              "let t = ''; r.on('data', (d) => t += d); r.on('end', () => { console.log(t); c.close(); });"
              % services.port)
    return json.loads(subprocess.run([node, "-e", script], capture_output=True, check=True,
                                     timeout=30).stdout)


def under_load(options):
    with Services(options.modules, "goaway") as services, Server(options.server) as server:
        server.start()
        server.register(services.port)

        def call(number):
            answer = server.call("/Runner/strict", {"key": f"k{number % 7}", "count": SENDS},
                                 timeout=120)
            return answer.status, answer.body

        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            answers = list(pool.map(call, range(CALLS)))
        assert all(answer == (200, str(SENDS).encode()) for answer in answers), \
            [answer for answer in answers if answer[0] != 200][:5]

        def total():
            return sum(server.ok(f"/Counter/k{key}/get") for key in range(7))

        eventually(lambda: total() >= CALLS * SENDS, 60, "sends were lost")
        assert total() == CALLS * SENDS, "something was done twice"
        seen = counts(options, services)
        assert seen["refused"] > 100 and seen["goaways"] > 10, seen


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--server", required=True)
    parser.add_argument("--modules", required=True)
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    return run_tests([("refused under load", lambda: under_load(options))], options.names)


if __name__ == "__main__":
    sys.exit(main())
