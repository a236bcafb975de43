#!/usr/bin/env python3
"""Subscriptions of the real server: brokers named in its configuration, SIGKILL in the middle, and every
record counted exactly once.

usage: kafka_test.py --server BINARY --broker BINARY [TEST ...]
"""

import argparse
import subprocess
import sys
import time

from harness import Server, eventually, run_tests


class Broker:
    """Brokers in a process of their own; see test/kafka/mock_kafka.cc."""

    def __init__(self, binary):
        self.process = subprocess.Popen([binary], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.address = self.process.stdout.readline().strip()
        assert self.address, "the broker says where it listens"

    def tell(self, *words):
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline().strip()
        assert answer == "ok", (words, answer)

    def close(self):
        self.process.kill()
        self.process.wait()


# Short enough for a test: the group waits that long for the dead member.
CLUSTER = ('[{{ name = "mock", brokers = ["{address}"], "auto.offset.reset" = "earliest", '
           '"session.timeout.ms" = "6000", "heartbeat.interval.ms" = "500", '
           '"auto.commit.interval.ms" = "100", "sasl.password" = "hidden" }}]')


class Bench:
    def __init__(self, options, **env):
        self.broker = Broker(options.broker)
        env.setdefault("RESTATE_INGRESS__KAFKA_CLUSTERS", CLUSTER.format(address=self.broker.address))
        self.server = Server(options.server, env=env, args=["--demo"])

    def __enter__(self):
        self.server.start()
        return self

    def __exit__(self, kind, *_):
        if kind:
            print(self.server.tail())
        self.server.close()
        self.broker.close()

    def subscribe(self, topic, sink, **options):
        answer = self.server.admin_call("POST", "/subscriptions", {
            "source": f"kafka://mock/{topic}", "sink": sink, "options": options})
        assert answer.status == 201, answer
        return answer.json()["id"]

    def produce(self, topic, partition, key, value, count=1):
        self.broker.tell("produce", topic, partition, key, value, count)

    def count(self, key):
        return int(self.server.call(f"/DemoCounter/{key}/get").body)


def counts_across_kills(options):
    with Bench(options) as bench:
        bench.broker.tell("topic", "orders", 4)
        bench.subscribe("orders", "service://DemoCounter/add")
        sent = dict.fromkeys("abcd", 0)

        def produce(count):
            for partition, key in enumerate(sent):
                bench.produce("orders", partition, key, 1, count)
                sent[key] += count
            bench.broker.tell("flush")

        produce(200)
        eventually(lambda: bench.count("a") > 0, 30)
        for _ in range(3):
            bench.server.kill()
            produce(200)
            bench.server.start()
            # Not at rest: the next kill comes while it reads.
            before = bench.count("c")
            eventually(lambda: bench.count("c") > before, 60)
            produce(50)
        for key, expected in sent.items():
            eventually(lambda: bench.count(key) >= expected, 60,
                       f"counter {key} stays at {bench.count(key)}, not {expected}")
        time.sleep(1)  # for what comes twice
        counted = {key: bench.count(key) for key in sent}
        assert counted == sent, (counted, sent)


def poison_stops_its_partition_only(options):
    with Bench(options) as bench:
        bench.broker.tell("topic", "mixed", 2)
        subscription = bench.subscribe("mixed", "service://DemoCounter/add")
        bench.produce("mixed", 0, "p", 1)
        bench.produce("mixed", 0, "%ff", 1)
        bench.produce("mixed", 0, "p", 1)
        bench.produce("mixed", 1, "q", 1, 20)
        # A handler that fails for good is nobody's trouble but its own.
        bench.produce("mixed", 1, "q", "nonsense")
        bench.produce("mixed", 1, "q", 1)
        bench.broker.tell("flush")
        eventually(lambda: bench.count("q") == 21, 30)

        def errors():
            path = f"/subscriptions/{subscription}?include_errors=true"
            return bench.server.admin_call("GET", path).json().get("errors", [])
        eventually(errors)
        assert [(e["partition"], e["offset"]) for e in errors()] == [(0, 1)], errors()
        assert bench.count("p") == 1
        bench.server.kill()
        bench.server.start()
        eventually(errors, 30)
        bench.produce("mixed", 1, "q", 1)
        bench.broker.tell("flush")
        eventually(lambda: bench.count("q") == 22, 30)
        assert bench.count("p") == 1


def services_and_metadata(options):
    with Bench(options) as bench:
        server = bench.server
        cluster = server.admin_call("GET", "/kafka-clusters/mock").json()
        assert cluster["properties"]["sasl.password"] == "***", cluster
        assert cluster["properties"]["metadata.broker.list"] == bench.broker.address, cluster
        assert cluster["info"] and cluster["created_at"].startswith("1970-01-01T00:00:00"), cluster
        assert server.admin_call("DELETE", "/kafka-clusters/mock").status == 409

        # One that is made while the server runs.
        made = server.admin_call("POST", "/kafka-clusters", {
            "name": "other", "properties": {"bootstrap.servers": bench.broker.address,
                                            "auto.offset.reset": "earliest"}})
        assert made.status == 201 and made.headers["location"] == "kafka-clusters/other", made
        bench.broker.tell("topic", "names", 1)
        answer = server.admin_call("POST", "/subscriptions", {
            "source": "kafka://other/names", "sink": "service://DemoCounter/add"})
        assert answer.status == 201, answer
        bench.produce("names", 0, "n", 1, 10)
        bench.broker.tell("flush")
        eventually(lambda: bench.count("n") == 10, 30)
        # Without its subscription nothing more is read.
        identifier = answer.json()["id"]
        assert server.admin_call("DELETE", f"/subscriptions/{identifier}").status == 202
        bench.produce("names", 0, "n", 1, 10)
        bench.broker.tell("flush")
        time.sleep(1)
        assert bench.count("n") == 10


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--server", required=True)
    parser.add_argument("--broker", required=True)
    parser.add_argument("tests", nargs="*")
    options = parser.parse_args()
    tests = [counts_across_kills, poison_stops_its_partition_only, services_and_metadata]
    return run_tests([(t.__name__, lambda t=t: t(options)) for t in tests], options.tests)


if __name__ == "__main__":
    sys.exit(main())
