#!/usr/bin/env python3
"""examples/endpoint behind the server, killed while its handler sleeps and started again: it goes on, and
books once.

usage: example_endpoint_test.py --server BINARY --endpoint BINARY
"""

import argparse
import json
import os
import subprocess
import sys

from harness import Server, eventually, free_port, request


class Endpoint:
    def __init__(self, binary, port):
        self.process = subprocess.Popen([binary, str(port)], stdout=subprocess.PIPE, text=True)
        assert self.line() == f"serving on 127.0.0.1:{port}"

    def line(self):
        return self.process.stdout.readline().strip()

    def kill(self):
        """Returns what it has said since."""
        self.process.kill()
        return self.process.communicate(timeout=60)[0]


def sleeps(server, invocation):
    """Its journal has the sleep, and so what comes before it."""
    query = f"SELECT count(*) AS n FROM sys_journal WHERE id = '{invocation}' AND entry_type = 'Command: Sleep'"
    response = request(server.admin, "POST", "/query", json.dumps({"query": query}),
                       {"content-type": "application/json", "accept": "application/json"})
    assert response.status == 200, response
    return response.json()["rows"][0]["n"] == 1


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--server", required=True)
    parser.add_argument("--endpoint", required=True)
    arguments = parser.parse_args()
    binary, port = os.path.abspath(arguments.endpoint), free_port()
    endpoint = Endpoint(binary, port)
    try:
        with Server(arguments.server) as server:
            server.start()
            server.register(port)
            invocation = server.send("/Tables/book/send", raw="Ada", headers={"content-type": "text/plain"})
            assert endpoint.line() == "booking a table for Ada"
            eventually(lambda: sleeps(server, invocation))
            endpoint.kill()
            endpoint = Endpoint(binary, port)
            answer = server.attach(invocation)
            assert answer.body == b"table 7 is yours, Ada", answer
            assert endpoint.kill() == "", "it books once"
    finally:
        endpoint.process.kill()


if __name__ == "__main__":
    sys.exit(main())
