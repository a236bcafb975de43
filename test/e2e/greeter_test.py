#!/usr/bin/env python3
"""examples/greeter, killed while it sleeps and started again: it goes on, and books once.

usage: greeter_test.py --greeter BINARY
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--greeter", required=True)
    greeter = os.path.abspath(parser.parse_args().greeter)
    with tempfile.TemporaryDirectory(prefix="restate-greeter-") as folder:
        outputs = []
        for end in ("booked", "asleep", "done", "done again"):
            process = subprocess.Popen([greeter], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            first = process.stdout.readline() if end == "booked" else b""
            if not end.startswith("done"):
                # Once, the booking has just been recorded; then in the middle of the sleep, on a replay.
                time.sleep(1)
                assert process.poll() is None, "it should sleep for five seconds"
                process.kill()
            rest, _ = process.communicate(timeout=60)
            outputs.append((first + rest).decode())
            print(f"{end}: {outputs[-1].strip()!r}, exit code {process.returncode}", flush=True)
            assert process.returncode == (0 if end.startswith("done") else -9)
        welcome = "Welcome back: table 7 is yours, Ada\n"
        assert outputs == ["booking a table for Ada ...\n", "", welcome, welcome], outputs


if __name__ == "__main__":
    sys.exit(main())
