#!/usr/bin/env python3
"""Visits a name, terminates the application, kills it, and finds the visits again each time.

usage: test.py BINARY
"""

import signal
import socket
import subprocess
import sys
import tempfile
import urllib.request


def main():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="restate-embedded-") as folder:
        for life, end in enumerate((signal.SIGTERM, signal.SIGKILL, signal.SIGTERM)):
            process = subprocess.Popen([sys.argv[1], str(port), folder], stdout=subprocess.PIPE)
            try:
                assert process.stdout.readline() == b"ready\n"
                for visit in (1, 2):
                    with urllib.request.urlopen(f"http://127.0.0.1:{port}/ada", timeout=30) as answer:
                        count = int(answer.read())
                    assert count == 2 * life + visit, (life, visit, count)
                process.send_signal(end)
                code = process.wait(30)
                assert code == (0 if end == signal.SIGTERM else -9), (life, code)
            finally:
                process.kill()
                process.wait()


if __name__ == "__main__":
    sys.exit(main())
