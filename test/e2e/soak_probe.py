#!/usr/bin/env python3
"""One client in a process of its own that calls a noop again and again, so that what it measures is the
server and not the load beside it. Prints a line for each call: when it began and how many milliseconds
it took, `down` if nobody answered, or `wrong` and what was answered.

usage: soak_probe.py PORT
"""

import http.client
import sys
import time

PAUSE = 0.02


def main():
    connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=60)
    while True:
        start, outcome = time.monotonic(), "down"
        try:
            connection.request("POST", "/Greeter/greet", '"probe"', {"content-type": "application/json"})
            response = connection.getresponse()
            body = response.read()
            if response.status == 200 and body == b'"Hello probe!"':
                outcome = f"{(time.monotonic() - start) * 1000:.3f}"
            elif response.status not in (429, 503):
                outcome = f"wrong {response.status} {body[:200]!r}"
        except (OSError, http.client.HTTPException):
            connection.close()
        print(f"{start:.6f} {outcome}", flush=True)
        time.sleep(PAUSE)


if __name__ == "__main__":
    main()
