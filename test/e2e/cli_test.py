#!/usr/bin/env python3
"""The real restate CLI against a server with a demo service inside and an SDK deployment beside it.

usage: cli_test.py --server BINARY --modules DIR
"""

import argparse
import os
import pathlib
import subprocess
import sys

from harness import Server, Services


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--server", required=True)
    parser.add_argument("--modules", required=True)
    options = parser.parse_args()
    cli = pathlib.Path(options.modules) / "node_modules" / ".bin" / "restate"
    server = Server(options.server, args=["--demo"])
    checks, failed = 0, 0

    def run(*arguments):
        env = {k: v for k, v in os.environ.items() if not k.startswith("RESTATE_")}
        env.update({"RESTATE_ADMIN_URL": f"http://127.0.0.1:{server.admin}", "DO_NOT_TRACK": "1",
                    "RESTATE_CLI_CONFIG_HOME": server.directory, "NO_COLOR": "1"})
        done = subprocess.run([str(cli), "-y", *arguments], env=env, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=60, check=False)
        return done.returncode, done.stdout.decode()

    def check(what, arguments, *expected):
        nonlocal checks, failed
        code, output = run(*arguments)
        missing = [text for text in expected if text not in output]
        good = code == 0 and not missing
        checks += good
        failed += not good
        print(f"{'ok      ' if good else 'FAILED  '}{what}", flush=True)
        if not good:
            print(f"restate {' '.join(arguments)} exited with {code}, lacks {missing}:\n{output}")

    with Services(options.modules) as services, server:
        server.start()
        in_process = "http://in-process.invalid/"
        check("the demo is a deployment", ["deployments", "list"], in_process, "Greeter")
        check("registers an SDK deployment",
              ["deployments", "register", f"http://127.0.0.1:{services.port}", "--force"], "Counter", "Signup")
        check("lists deployments", ["deployments", "list"], in_process, f"http://127.0.0.1:{services.port}/",
              "Counter", "Runner")
        check("lists services", ["services", "list"], "Counter", "virtual object", "Signup", "workflow")
        check("describes a service", ["services", "describe", "Counter"], "Counter", "add", "get")
        check("says who it talks to", ["whoami"], "healthy")
    print(f"{checks} passed, {failed} failed")
    return 1 if failed or not checks else 0


if __name__ == "__main__":
    sys.exit(main())
