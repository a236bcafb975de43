#!/usr/bin/env python3
"""A server that has lost its tables goes on from copies of them, with a log that begins behind.

usage: copies_test.py --server BINARY --modules DIR
"""

import argparse
import pathlib
import shutil
import sys
import tempfile

from harness import Server, eventually, run_tests

KEYS = [f"k{number}" for number in range(12)]


def newest(folder, partition):
    names = sorted(path.name for path in (folder / str(partition)).glob("lsn_*.tables"))
    return int(names[-1][4:-7]) if names else 0


def lost_tables(options):
    with tempfile.TemporaryDirectory(prefix="restate-copies-") as copies:
        folder = pathlib.Path(copies)
        env = {
            "RESTATE_DEFAULT_NUM_PARTITIONS": "4",
            "RESTATE_WORKER__TRIM_DELAY_INTERVAL": "0s",
            "RESTATE_WORKER__CHECKPOINT_BYTES": "64KiB",
            "RESTATE_WORKER__SNAPSHOTS__DESTINATION": f"file://{copies}",
            "RESTATE_WORKER__SNAPSHOTS__SNAPSHOT_INTERVAL_NUM_RECORDS": "20",
        }
        with Server(options.server, env=env, args=["--demo"]) as server:
            server.start()
            expected = dict.fromkeys(KEYS, 0)

            def add(rounds):
                for _ in range(rounds):
                    for key in KEYS:
                        expected[key] += 1
                        server.ok(f"/DemoCounter/{key}/add", 1)

            def counted():
                return {key: server.ok(f"/DemoCounter/{key}/get") for key in KEYS}

            add(10)
            eventually(lambda: all(newest(folder, partition) for partition in range(4)), 30,
                       "no copies were made")
            first = [newest(folder, partition) for partition in range(4)]
            add(10)
            eventually(lambda: all(newest(folder, p) > first[p] for p in range(4)), 30,
                       "no later copies were made")
            assert all(len(list((folder / str(p)).iterdir())) == 1 for p in range(4)), "older ones stay"
            add(1)
            server.kill()
            shutil.rmtree(pathlib.Path(server.directory) / "e2e" / "db")
            server.start()
            assert server.tail().count("the tables were restored from a copy") == 4, server.tail()
            assert counted() == expected
            add(1)
            assert counted() == expected


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--server", required=True)
    parser.add_argument("--modules")
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    return run_tests([("lost tables", lambda: lost_tables(options))], options.names)


if __name__ == "__main__":
    sys.exit(main())
