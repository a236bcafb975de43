#!/usr/bin/env python3
"""The official TypeScript SDK against a server: every feature that handlers use.

usage: sdk_test.py --server BINARY --modules DIR [name...]
"""

import argparse
import json
import os
import sys
import time

from harness import Server, Services, eventually, request, run_tests

TESTS = []


def test(function):
    TESTS.append(function)
    return function


@test
def a_plain_service_answers(s):
    assert s.ok("/Greeter/greet", "Ada") == "Hello Ada!"


@test
def an_unknown_service_is_404(s):
    assert s.call("/Nobody/greet", "Ada").status == 404
    assert s.call("/Greeter/nothing", "Ada").status == 404


@test
def binary_payloads_pass_unchanged(s):
    data = bytes(range(256)) * 16
    response = s.call("/Greeter/binary", raw=data, headers={"content-type": "application/octet-stream"})
    assert response.status == 200 and response.body == data[::-1], response


@test
def ten_megabytes_pass(s):
    text = "x" * (10 << 20)
    assert s.ok("/Greeter/size", text) == len(text)
    assert s.ok("/Greeter/echo", text) == text


@test
def runs_are_recorded(s):
    assert s.ok("/Runner/steps", 10) == 45


@test
def a_failing_run_is_retried(s):
    assert s.ok("/Runner/flaky", 2) == 3


@test
def an_exhausted_run_is_terminal(s):
    assert s.ok("/Runner/exhausted").startswith("terminal:")


@test
def a_terminal_error_reaches_the_caller(s):
    response = s.call("/Runner/terminal")
    assert response.status == 418 and response.json()["message"] == "no such luck", response


@test
def an_object_counts_one_at_a_time(s):
    for i in range(1, 6):
        assert s.ok("/Counter/one/add", 1) == i
    assert s.ok("/Counter/one/get") == 5
    assert s.ok("/Counter/one/keys") == ["value"]
    s.ok("/Counter/one/clear")
    assert s.ok("/Counter/one/get") == 0


@test
def shared_handlers_run_beside_an_exclusive_one(s):
    held = s.send("/Counter/busy/hold/send", 1500)
    eventually(lambda: s.ok("/Counter/busy/keys") == ["held"])
    start = time.monotonic()
    assert s.ok("/Counter/busy/get") == 0
    assert time.monotonic() - start < 1
    assert s.attach(held).json() == "held"


@test
def a_workflow_waits_for_its_promise(s):
    run = s.send("/Signup/ada/run/send", "ada@example.com")
    eventually(lambda: s.ok("/Signup/ada/stage") == "waiting")
    assert s.ok("/Signup/ada/peek") is None
    assert s.ok("/Signup/ada/confirm", "1234") == "thanks"
    assert s.attach(run).json() == "ada@example.com: 1234"
    assert s.ok("/Signup/ada/stage") == "done"
    again = s.call("/Signup/ada/run", "ada@example.com")
    assert again.status == 409, again


@test
def an_awakeable_is_resolved_by_another_service(s):
    waiting = s.send("/Runner/awakeable/send", "phone")
    eventually(lambda: s.ok("/Counter/phone/remembered"))
    s.ok("/Counter/phone/resolve", "ring")
    assert s.attach(waiting).json() == "ring"


@test
def an_awakeable_is_resolved_over_http(s):
    waiting = s.send("/Runner/awakeable/send", "mail")
    awakeable = eventually(lambda: s.ok("/Counter/mail/remembered"))
    assert s.call(f"/restate/awakeables/{awakeable}/resolve", "letter").status == 202
    assert s.attach(waiting).json() == "letter"


@test
def an_awakeable_is_rejected_over_http(s):
    waiting = s.send("/Runner/awakeable/send", "fax")
    awakeable = eventually(lambda: s.ok("/Counter/fax/remembered"))
    assert s.call(f"/restate/awakeables/{awakeable}/reject", raw="jam",
                  headers={"content-type": "text/plain"}).status == 202
    response = s.attach(waiting)
    assert response.status == 500 and response.json()["message"] == "jam", response


@test
def services_call_each_other(s):
    assert s.ok("/Runner/call", "Bob") == "Hello Bob!"


@test
def sends_arrive_exactly_once(s):
    s.ok("/Runner/sends", {"key": "sent", "count": 20})
    eventually(lambda: s.ok("/Counter/sent/get") == 20)


@test
def a_delayed_send_arrives_later(s):
    s.ok("/Runner/sendLater", {"key": "later", "ms": 500})
    assert s.ok("/Counter/later/get") == 0
    eventually(lambda: s.ok("/Counter/later/get") == 1)
    response = s.call("/Counter/later/add/send?delay=300ms", 1)
    assert response.status == 202, response
    assert s.ok("/Counter/later/get") == 1
    eventually(lambda: s.ok("/Counter/later/get") == 2)


@test
def parallel_work_is_joined(s):
    assert s.ok("/Runner/parallel") == "a b Hello c!"


@test
def random_values_survive_replay(s):
    first = s.ok("/Runner/random")
    assert len(first) == 36


@test
def a_sleep_suspends_and_resumes(s):
    start = time.monotonic()
    assert s.ok("/Runner/sleep", 2500) == "slept"  # longer than the inactivity timeout of this server
    assert time.monotonic() - start >= 2.5


@test
def an_idempotency_key_runs_once(s):
    headers = {"idempotency-key": "only-once"}
    assert s.ok("/Counter/idem/add", 1, headers=headers) == 1
    assert s.ok("/Counter/idem/add", 1, headers=headers) == 1
    assert s.ok("/Counter/idem/get") == 1


@test
def cancel_reaches_the_handler(s):
    waiting = s.send("/Runner/caught/send")
    time.sleep(0.3)
    response = s.admin_call("PATCH", f"/invocations/{waiting}/cancel")
    assert response.status == 202, response
    assert s.attach(waiting).json().startswith("caught:")


@test
def cancel_wakes_a_suspended_handler(s):
    waiting = s.send("/Runner/caught/send")
    time.sleep(2)  # past the inactivity timeout
    assert s.admin_call("PATCH", f"/invocations/{waiting}/cancel").status == 202
    assert s.attach(waiting).json().startswith("caught:")


@test
def kill_ends_without_the_handler(s):
    waiting = s.send("/Counter/killed/hold/send", 3_600_000)
    eventually(lambda: s.ok("/Counter/killed/keys") == ["held"])
    assert s.admin_call("PATCH", f"/invocations/{waiting}/kill").status == 200
    response = s.attach(waiting)
    assert response.status == 409 and response.json()["message"] == "killed", response
    assert s.ok("/Counter/killed/add", 1) == 1  # the lock is free, the state is as it was
    assert s.admin_call("PATCH", f"/invocations/{waiting}/kill").status in (200, 409)


@test
def output_tells_how_it_stands(s):
    waiting = s.send("/Runner/sleep/send", 700)
    assert s.output(waiting).status == 470
    assert s.attach(waiting).json() == "slept"
    assert s.output(waiting).json() == "slept"
    assert s.output("inv_1gdJBtdVEcM942bjcDmb1c1khoaJe11Hbz").status == 404


@test
def bad_requests_get_clear_errors(s):
    assert s.call("/Greeter/greet", raw="x", headers={"content-type": "text/plain"}).status in (400, 415)
    assert request(s.ingress, "GET", "/").status == 400
    assert request(s.ingress, "DELETE", "/Greeter/greet").status == 405
    assert s.call("/restate/awakeables/nonsense/resolve", 1).status in (400, 404)
    assert s.admin_call("POST", "/deployments", {"uri": "http://127.0.0.1:1"}).status == 500
    assert s.admin_call("PATCH", "/invocations/nonsense/cancel").status == 400


def restart_test(binary, services):
    """A sleep, an object lock and a delayed send live on over a SIGKILL."""
    with Server(binary, env={"RESTATE_WORKER__INVOKER__INACTIVITY_TIMEOUT": "1s"}).start() as server:
        server.register(services.port)
        sleeping = server.send("/Runner/sleep/send", 3000)
        held = server.send("/Counter/kept/hold/send", 2500)
        queued = server.send("/Counter/kept/add/send", 5)
        later = server.call("/Counter/other/add/send?delay=3s", 7)
        assert later.status == 202, later
        time.sleep(0.5)
        server.kill()
        server.start()
        assert server.attach(sleeping).json() == "slept"
        assert server.attach(held).json() == "held"
        assert server.attach(queued).json() == 5
        eventually(lambda: server.ok("/Counter/other/get") == 7)
        assert server.terminate() == 0, "SIGTERM must end in exit code 0"
        server.start()
        assert server.ok("/Counter/kept/get") == 5


def http1_test(binary, modules):
    """The same SDK behind an HTTP/1.1 endpoint."""
    with Services(modules, "http1") as services, Server(binary).start() as server:
        refused = server.admin_call("POST", "/deployments", {"uri": f"http://127.0.0.1:{services.port}"})
        assert refused.status == 500 and "META0014" in refused.body.decode(), refused
        server.register(services.port, use_http_11=True)
        assert server.ok("/Greeter/greet", "Ada") == "Hello Ada!"
        assert server.ok("/Runner/steps", 5) == 10
        assert server.ok("/Counter/h1/add", 2) == 2
        assert server.ok("/Runner/sleep", 300) == "slept"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--server", required=True)
    parser.add_argument("--modules", required=True, help="where npm installed package.json")
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    env = {"RESTATE_WORKER__INVOKER__INACTIVITY_TIMEOUT": "1s"}
    with Services(options.modules) as services, Server(options.server, env=env) as server:
        server.start()
        server.register(services.port)
        runs = [(t.__name__, lambda t=t: t(server)) for t in TESTS]
        runs.append(("work_lives_on_over_a_kill", lambda: restart_test(options.server, services)))
        runs.append(("http1_endpoints_work", lambda: http1_test(options.server, options.modules)))
        code = run_tests(runs, options.names)
        if code:
            print(server.tail())
        return code


if __name__ == "__main__":
    sys.exit(main())
