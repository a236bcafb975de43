#!/usr/bin/env python3
"""What statements cost a server that keeps many completed invocations: CPU time of the server, and the
time until the answer is there, per statement; beside the reference, the ratios.

usage: sql.py --binaries build/release/bench --server .../restate-server [--reference ...]
"""

import argparse
import http.client
import itertools
import json
import pathlib
import socket
import statistics
import struct
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from drive import Bench, Server, cpu_seconds, free_port, register, rss_mb  # noqa: E402

# name -> statement; {id} is another invocation each time.
STATEMENTS = {
    "id.status": "SELECT id, status FROM sys_invocation WHERE id = '{id}'",
    "id.all": "SELECT * FROM sys_invocation WHERE id = '{id}'",
    "id.journal": "SELECT * FROM sys_journal WHERE id = '{id}'",
    "count": "SELECT COUNT(1) AS n FROM sys_invocation",
    "group": "SELECT status, target_service_name, target_handler_name, COUNT(1) AS n FROM sys_invocation "
             "GROUP BY status, target_service_name, target_handler_name",
    "running25": "SELECT id, target, status, created_at FROM sys_invocation WHERE status = 'running' "
                 "ORDER BY created_at DESC LIMIT 25",
    "open25": "SELECT id, target, status, created_at FROM sys_invocation WHERE status != 'completed' "
              "ORDER BY created_at DESC LIMIT 25",
    "recent25": "SELECT id, target, status, created_at FROM sys_invocation "
                "ORDER BY modified_at DESC LIMIT 25",
}
# Goal, statement, and the most that its CPU time may be of the reference's.
GOALS = [("PG20", "count", 1.0), ("PG20", "group", 1.0), ("PG21", "running25", 0.2)]


class OverHttp:
    def __init__(self, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)

    def ask(self, sql):
        self.connection.request("POST", "/query", json.dumps({"query": sql}),
                                {"content-type": "application/json", "accept": "application/json"})
        response = self.connection.getresponse()
        body = response.read()
        if response.status != 200:
            raise SystemExit(f"{response.status} {body[:300]!r}: {sql}")
        return body

    def rows(self, sql):
        return json.loads(self.ask(sql))["rows"]


class OverPostgres:
    """As much of the protocol as a statement without parameters needs."""

    def __init__(self, port):
        self.stream = socket.create_connection(("127.0.0.1", port)).makefile("rwb")
        start = struct.pack("!i", 196608) + b"user\0bench\0database\0restate\0\0"
        self.stream.write(struct.pack("!i", len(start) + 4) + start)
        self.read_until_ready()

    def read_until_ready(self):
        self.stream.flush()
        while True:
            kind, length = struct.unpack("!ci", self.stream.read(5))
            body = self.stream.read(length - 4)
            if kind == b"E":
                raise SystemExit(f"{body!r}")
            if kind == b"Z":
                return

    def ask(self, sql):
        text = sql.encode() + b"\0"
        self.stream.write(b"Q" + struct.pack("!i", len(text) + 4) + text)
        self.read_until_ready()


def fill(bench, server, endpoint_port, count):
    """That many completed invocations of a service that does nothing."""
    register(server, endpoint_port)
    time.sleep(1)
    begin = time.monotonic()
    result = bench.generate(server.ingress, f"--path /Bench/noop/send --count {count} --conns 64 --warm 0", 0)
    if result["err"]:
        raise SystemExit(f"{result['err']} errors while filling: {result}")
    client = OverHttp(server.admin)
    while client.rows("SELECT COUNT(1) AS n FROM sys_invocation WHERE status != 'completed'")[0]["n"]:
        time.sleep(1)
    made = client.rows("SELECT COUNT(1) AS n FROM sys_invocation")[0]["n"]
    print(f"    {made} invocations in {time.monotonic() - begin:.0f} s", flush=True)


def measure(server, client, sql, ids, seconds):
    pid = server.process.pid
    for _ in range(3):
        client.ask(sql.format(id=next(ids)))
    times = []
    before, begin = cpu_seconds(pid)[0], time.monotonic()
    while time.monotonic() - begin < seconds or len(times) < 5:
        start = time.monotonic()
        client.ask(sql.format(id=next(ids)))
        times.append((time.monotonic() - start) * 1000)
    return {"cpu_ms": (cpu_seconds(pid)[0] - before) / len(times) * 1000,
            "p50_ms": statistics.median(times), "statements": len(times)}


def run(name, binary, bench, arguments, ours):
    port = free_port()
    env = {"RESTATE_LOG_FILTER": "warn"}
    if ours:
        env["RESTATE_ADMIN__QUERY_ENGINE__POSTGRES__ENABLED"] = "true"
        env["RESTATE_ADMIN__QUERY_ENGINE__POSTGRES__BIND_ADDRESS"] = f"127.0.0.1:{port}"
    endpoint, endpoint_port = bench.endpoint()
    server = Server(binary, env=env).start()
    figures = {}
    try:
        fill(bench, server, endpoint_port, arguments.invocations)
        client = OverHttp(server.admin)
        rows = client.rows("SELECT id FROM sys_invocation LIMIT 1000")
        ids = itertools.cycle([row["id"] for row in rows])
        # The work that filling has left behind is not a statement's.
        idle = cpu_seconds(server.process.pid)[0]
        while (time.sleep(2), cpu_seconds(server.process.pid)[0] - idle)[1] > 0.1:
            idle = cpu_seconds(server.process.pid)[0]
        for how, each in [("http", client)] + ([("pg", OverPostgres(port))] if ours else []):
            for statement, sql in STATEMENTS.items():
                if arguments.only and arguments.only not in statement:
                    continue
                figure = measure(server, each, sql, ids, arguments.seconds)
                figures[f"{how}.{statement}"] = figure
                print(f"    {name:10} {how + '.' + statement:16} CPU {figure['cpu_ms']:9.3f} ms   "
                      f"p50 {figure['p50_ms']:9.3f} ms   ({figure['statements']} statements)", flush=True)
        print(f"    {name:10} RSS {rss_mb(server.process.pid):.0f} MB", flush=True)
    finally:
        server.close()
        endpoint.kill()
    return figures


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binaries", required=True)
    parser.add_argument("--server", required=True)
    parser.add_argument("--reference")
    parser.add_argument("--invocations", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=3, help="per statement")
    parser.add_argument("--only", help="statements with this in their names")
    arguments = parser.parse_args()
    bench = Bench(arguments.binaries)
    ours = run("ours", arguments.server, bench, arguments, True)
    if not arguments.reference:
        return
    reference = run("reference", arguments.reference, bench, arguments, False)
    print(f"\n{'goal':5} {'statement':12} {'CPU ratio':>10} {'time ratio':>10}  limit")
    limits = {statement: (goal, limit) for goal, statement, limit in GOALS}
    for name, theirs in reference.items():
        mine, statement = ours[name], name.split(".", 1)[1]
        ratio = mine["cpu_ms"] / theirs["cpu_ms"] if theirs["cpu_ms"] else float("inf")
        goal, limit = limits.get(statement, ("", None))
        verdict = "" if limit is None else f"<= {limit}" + ("" if ratio <= limit else "  MISSED")
        print(f"{goal:5} {statement:12} {ratio:10.3f} {mine['p50_ms'] / theirs['p50_ms']:10.3f}  {verdict}")


if __name__ == "__main__":
    main()
