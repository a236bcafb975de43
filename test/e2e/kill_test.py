#!/usr/bin/env python3
"""Kills the server again and again under mixed load, also while it recovers, and checks that nothing
that was acknowledged is lost, doubled or stuck.

usage: kill_test.py --server BINARY --modules DIR [--kills N] [--connections N] [--seed N]
"""

import argparse
import concurrent.futures
import random
import sys
import threading
import time

from harness import Server, Services

KEYS = 32
ASKERS = 32  # requests at a time that ask what became of everything


class Load:
    """Clients that remember what they sent and what was acknowledged."""

    def __init__(self, server, connections, seed):
        self.server = server
        self.lock = threading.Lock()
        self.stop = threading.Event()
        self.acknowledged = threading.Event()
        self.sent = dict.fromkeys(range(KEYS), 0)
        self.acked = dict.fromkeys(range(KEYS), 0)
        self.invocations = {}  # acknowledged id -> what it must return, or None
        self.awakeables = {}   # key of the object that knows the id -> invocation
        self.wrong = []
        self.serial = 0
        self.threads = [threading.Thread(target=self.run, args=(random.Random(seed * 1000 + i),), daemon=True)
                        for i in range(connections)]
        for thread in self.threads:
            thread.start()

    def run(self, rng):
        while not self.stop.is_set():
            try:
                self.one(rng)
            except (OSError, ValueError):
                time.sleep(0.02)  # the server is down; what it did not acknowledge may or may not happen
            except Exception as error:  # http.client has errors of its own for a cut connection
                if "http.client" not in type(error).__module__:
                    self.wrong.append(repr(error))
                time.sleep(0.02)

    def one(self, rng):
        s = self.server
        kind = rng.choice(["noop", "add", "add", "add_sent", "steps", "call", "sleep", "awakeable"])
        if kind in ("add", "add_sent"):
            key = rng.randrange(KEYS)
            with self.lock:
                self.sent[key] += 1
            if kind == "add":
                response = s.call(f"/Counter/k{key}/add", 1, timeout=30)
                if response.status == 200:
                    with self.lock:
                        self.acked[key] += 1
                    self.acknowledged.set()
                return
            response = s.call(f"/Counter/k{key}/add/send", 1, timeout=30)
            if response.status == 202:
                with self.lock:
                    self.acked[key] += 1
                    self.invocations[response.json()["invocationId"]] = None
            return
        with self.lock:
            self.serial += 1
            serial = self.serial
        path, value, expected = {
            "noop": ("/Greeter/greet/send", f"n{serial}", f"Hello n{serial}!"),
            "steps": ("/Runner/steps/send", 10, 45),
            "call": ("/Runner/call/send", f"c{serial}", f"Hello c{serial}!"),
            "sleep": ("/Runner/sleep/send", rng.randrange(100, 1500), "slept"),
            "awakeable": ("/Runner/awakeable/send", f"aw{serial}", f"answer {serial}"),
        }[kind]
        response = s.call(path, value, timeout=30)
        if response.status != 202:
            return
        invocation = response.json()["invocationId"]
        with self.lock:
            self.invocations[invocation] = expected
            if kind == "awakeable":
                self.awakeables[f"aw{serial}"] = f"answer {serial}"
        self.acknowledged.set()

    def finish(self):
        self.stop.set()
        for thread in self.threads:
            thread.join(60)


def resolve_awakeables(server, awakeables, deadline):
    """Answers every awakeable once its id is known."""
    def resolve(item):
        key, answer = item
        identifier = server.ok(f"/Counter/{key}/remembered")
        if identifier:
            assert server.call(f"/restate/awakeables/{identifier}/resolve", answer).status == 202
        return not identifier

    return keep_trying(resolve, awakeables, deadline)


def keep_trying(is_open, items, deadline):
    """Asks about all items, many at a time, until none is open; returns those that are."""
    left = dict(items)
    with concurrent.futures.ThreadPoolExecutor(ASKERS) as pool:
        while left and time.monotonic() < deadline:
            answers = list(pool.map(is_open, left.items()))
            left = dict(item for item, is_left in zip(left.items(), answers) if is_left)
            time.sleep(0.1)
    return left


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--server", required=True)
    parser.add_argument("--modules", required=True)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    rng = random.Random(options.seed)
    print(f"seed {options.seed}, {options.kills} kills, {options.connections} connections", flush=True)

    services = Services(options.modules)
    server = Server(options.server, env={"RESTATE_WORKER__INVOKER__INACTIVITY_TIMEOUT": "500ms",
                                         "RESTATE_LOG_FILTER": "warn",
                                         "RESTATE_DEFAULT_RETRY_POLICY__MAX_ATTEMPTS": "unlimited",
                                         "RESTATE_DEFAULT_RETRY_POLICY__MAX_INTERVAL": "1s"})
    problems = []
    load = None
    try:
        server.start()
        server.register(services.port)
        load = Load(server, options.connections, options.seed)
        for number in range(1, options.kills + 1):
            load.acknowledged.clear()
            load.acknowledged.wait(30)
            time.sleep(rng.uniform(0.2, 3.0))
            server.kill()
            if number % 4 == 0:  # once more while it recovers
                server.start(wait=False)
                time.sleep(rng.uniform(0.01, 0.4))
                server.kill()
            server.start(wait=False)
            print(f"kill {number}: {len(load.invocations)} acknowledged", flush=True)
        server.wait_healthy()
        time.sleep(1)
        load.finish()
        deadline = time.monotonic() + 60

        unresolved = resolve_awakeables(server, load.awakeables, deadline)
        problems += [f"stuck: awakeable {key} never got its id" for key in unresolved]
        def is_open(item):
            invocation, expected = item
            response = server.output(invocation)
            if response.status == 470:
                return True
            if response.status != 200:
                problems.append(f"lost: {invocation} answers {response}")
            elif expected is not None and response.json() != expected:
                problems.append(f"wrong: {invocation} returned {response.body!r}, not {expected!r}")
            return False

        open_ids = keep_trying(is_open, load.invocations, deadline)
        problems += [f"stuck: {invocation} has not settled" for invocation in open_ids]
        for key in range(KEYS):
            value = server.ok(f"/Counter/k{key}/get")
            if not load.acked[key] <= value <= load.sent[key]:
                problems.append(f"counter k{key}: acked {load.acked[key]} value {value} sent {load.sent[key]}")
        problems += [f"client: {error}" for error in load.wrong]
        print(f"{len(load.invocations)} acknowledged sends, {sum(load.acked.values())} acknowledged adds")
    finally:
        if load:
            load.stop.set()
        if problems:
            print(server.tail())
        server.close()
        services.close()
    for problem in problems[:50]:
        print(problem)
    lost = sum(p.startswith("lost") for p in problems)
    stuck = sum(p.startswith("stuck") for p in problems)
    print(f"{options.kills} kills: {lost} lost, {stuck} stuck, {len(problems) - lost - stuck} other problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
