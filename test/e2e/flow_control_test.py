#!/usr/bin/env python3
"""Scopes, limit keys and concurrency rules, with the official TypeScript SDK.

usage: flow_control_test.py --server BINARY --modules DIR [name...]
"""

import argparse
import sys
import time

from harness import Server, Services, run_tests

TESTS = []


def test(function):
    TESTS.append(function)
    return function


def rule(s, pattern, concurrency):
    limits = {} if concurrency is None else {"concurrency": concurrency}
    response = s.admin_call("PUT", "/limits/rules", [{"pattern": pattern, "limits": limits}])
    assert response.status == 200, response
    time.sleep(0.3)  # on its way through the logs


def start(s, scope, path, value=None, limit_key=None):
    headers = {"x-restate-limit-key": limit_key} if limit_key else {}
    return s.send(f"/restate/scope/{scope}/send/{path}", value, headers=headers)


def results(s, invocations):
    return [s.attach(invocation).json() for invocation in invocations]


@test
def no_more_run_at_once_than_a_rule_allows(s):
    rule(s, "one", 1)
    held = [start(s, "one", "Gauge/hold", {"name": "one", "ms": 150}) for _ in range(6)]
    assert max(results(s, held)) == 1


@test
def a_suspended_one_gives_its_permit_to_the_next(s):
    rule(s, "sleepers", 1)
    began = time.monotonic()
    sleepers = [start(s, "sleepers", "Runner/sleep", 4000) for _ in range(3)]
    assert results(s, sleepers) == ["slept"] * 3
    took = time.monotonic() - began
    assert 4 <= took < 8, f"three sleepers of 4 s took {took:.1f} s"


@test
def levels_of_a_limit_key_count_by_themselves(s):
    rule(s, "team/*", 1)
    keys = ["a", "b", "a", "b"]
    held = [start(s, "team", "Gauge/hold", {"name": f"team {k}", "ms": 300}, k) for k in keys]
    began = time.monotonic()
    assert results(s, held) == [1] * 4
    assert time.monotonic() - began < 1.1, "two keys run side by side"


@test
def a_rule_that_changes_counts_from_then_on(s):
    rule(s, "grows", 1)
    held = [start(s, "grows", "Gauge/hold", {"name": "grows", "ms": 300}) for _ in range(9)]
    rule(s, "grows", 3)
    assert max(results(s, held)) == 3
    rule(s, "grows", None)
    free = [start(s, "grows", "Gauge/hold", {"name": "free", "ms": 500}) for _ in range(8)]
    assert max(results(s, free)) > 3


@test
def one_that_fails_lets_others_run_while_it_waits(s):
    rule(s, "shaky", 1)
    broken = start(s, "shaky", "Gauge/broken")
    time.sleep(0.3)
    began = time.monotonic()
    assert max(results(s, [start(s, "shaky", "Gauge/hold", {"name": "shaky", "ms": 10})
                           for _ in range(5)])) == 1
    assert time.monotonic() - began < 5
    assert s.admin_call("PATCH", f"/invocations/{broken}/cancel").status in (200, 202)
    assert s.admin_call("PATCH", f"/invocations/{broken}/kill").status == 200


@test
def operators_reach_those_that_wait(s):
    rule(s, "queue", 1)
    first = start(s, "queue", "Gauge/hold", {"name": "queue", "ms": 2000})
    time.sleep(0.3)
    second, third = (start(s, "queue", "Runner/sleep", 10) for _ in range(2))
    assert s.admin_call("PATCH", f"/invocations/{second}/resume").status == 425
    assert s.admin_call("PATCH", f"/invocations/{second}/pause").status == 409
    assert s.admin_call("PATCH", f"/invocations/{second}/cancel").status == 200
    assert results(s, [first, third]) == [1, "slept"]


@test
def a_pause_holds_what_sleeps(s):
    rule(s, "paused", 1)
    sleeper = start(s, "paused", "Runner/sleep", 1500)
    time.sleep(0.8)
    assert s.admin_call("PATCH", f"/invocations/{sleeper}/pause").status == 202
    assert results(s, [start(s, "paused", "Runner/sleep", 10)]) == ["slept"]
    time.sleep(1)
    assert s.output(sleeper).status == 470
    assert s.admin_call("PATCH", f"/invocations/{sleeper}/resume").status == 200
    assert results(s, [sleeper]) == ["slept"]


@test
def an_object_in_a_scope_is_its_own_and_in_order(s):
    rule(s, "objects", 1)
    for i in range(1, 6):
        assert s.ok("/restate/scope/objects/call/Counter/one/add", 1) == i
    assert s.ok("/Counter/one/add", 1) == 1
    ids = [start(s, "objects", "Counter/two/add", 1) for _ in range(10)]
    assert results(s, ids) == list(range(1, 11))


@test
def what_waits_outlives_a_kill_of_the_server(s):
    rule(s, "lasting", 1)
    all_of_them = [start(s, "lasting", "Gauge/hold", {"name": "lasting", "ms": 100}) for _ in range(5)]
    all_of_them += [start(s, "lasting", "Runner/sleep", 1000) for _ in range(2)]
    s.kill()
    s.start()
    assert len(results(s, all_of_them)) == 7
    # The rule, too: it is in the logs.
    again = [start(s, "lasting", "Gauge/hold", {"name": "after", "ms": 100}) for _ in range(4)]
    assert max(results(s, again)) == 1


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--server", required=True)
    parser.add_argument("--modules", required=True, help="where npm installed package.json")
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    env = {
        "RESTATE_WORKER__INVOKER__INACTIVITY_TIMEOUT": "200ms",
        "RESTATE_DEFAULT_NUM_PARTITIONS": "4",
        "RESTATE_EXPERIMENTAL_ENABLE_VQUEUES": "true",
        "RESTATE_EXPERIMENTAL_ENABLE_SCOPED_VIRTUAL_OBJECTS": "true",
    }
    with Services(options.modules) as services, Server(options.server, env=env) as server:
        server.start()
        server.register(services.port)
        code = run_tests([(t.__name__, lambda t=t: t(server)) for t in TESTS], options.names)
        if code:
            print(server.tail())
        return code


if __name__ == "__main__":
    sys.exit(main())
