#!/usr/bin/env python3
"""Deployments on AWS Lambda: the TypeScript SDK's handler for Lambda behind a fake of AWS that checks
signatures, registered by the real CLI.

usage: lambda_test.py --server BINARY --modules DIR [name...]
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

from fake_aws import FUNCTION, ROLE, FakeAws
from harness import Server, eventually, run_tests

RETRY = {"RESTATE_DEFAULT_RETRY_POLICY__INITIAL_INTERVAL": "50ms"}


def register(server, **options):
    return server.admin_call("POST", "/deployments", {"arn": FUNCTION, **options})


def with_server(options, aws, run, env=None, **registration):
    server = Server(options.server, env={**aws.environment(), **RETRY, **(env or {})}).start()
    try:
        if registration is not None:
            answer = register(server, **registration)
            assert answer.status == 201, answer
        run(server)
    except Exception:
        print(server.tail())
        raise
    finally:
        server.close()


def last_event(aws):
    return aws.calls[-1][1]


def everything_works(options, aws):
    def run(s):
        deployment = s.admin_call("GET", "/deployments").json()["deployments"][0]
        assert deployment["arn"] == FUNCTION and deployment["compression"] == "Zstd", deployment
        assert "uri" not in deployment and "protocol_type" not in deployment, deployment
        assert s.ok("/Greeter/greet", "Ada") == "Hello Ada!"
        event = last_event(aws)
        assert event["path"] == "/invoke/Greeter/greet" and event["httpMethod"] == "POST", event
        assert event["headers"]["x-restate-cluster-name"] == "localcluster", event
        assert event["headers"]["x-mine"] == "yes" and event["headers"]["accept-encoding"] == "zstd"
        assert "host" not in event["headers"] and event["isBase64Encoded"] is True
        data = bytes(range(256)) * 16
        answer = s.call("/Greeter/binary", raw=data, headers={"content-type": "application/octet-stream"})
        assert answer.body == data[::-1]
        assert s.ok("/Runner/steps", 5) == 10
        assert s.ok("/Runner/flaky", 2) == 3
        assert s.ok("/Runner/sleep", 300) == "slept"
        assert s.ok("/Runner/call", "Bob") == "Hello Bob!"
        assert s.ok("/Runner/parallel") == "a b Hello c!"
        assert s.call("/Runner/terminal").status == 418
        for i in range(1, 4):
            assert s.ok("/Counter/one/add", 1) == i
        assert s.ok("/Counter/one/keys") == ["value"]
        s.ok("/Runner/sends", {"key": "sent", "count": 10})
        eventually(lambda: s.ok("/Counter/sent/get") == 10)
        waiting = s.send("/Runner/awakeable/send", "phone")
        eventually(lambda: s.ok("/Counter/phone/remembered"))
        s.ok("/Counter/phone/resolve", "ring")
        assert s.attach(waiting).json() == "ring"
        flow = s.send("/Signup/ada/run/send", "ada@example.com")
        eventually(lambda: s.ok("/Signup/ada/stage") == "waiting")
        assert s.ok("/Signup/ada/confirm", "1234") == "thanks"
        assert s.attach(flow).json() == "ada@example.com: 1234"
        caught = s.send("/Runner/caught/send")
        time.sleep(0.5)
        assert s.admin_call("PATCH", f"/invocations/{caught}/cancel").status == 202
        assert s.attach(caught).json().startswith("caught:")
    with_server(options, aws, run, additional_headers={"x-mine": "yes"})


def work_lives_on(options, aws):
    """Over a SIGKILL, between two attempts."""
    def run(s):
        sleeping = s.send("/Runner/sleep/send", 2000)
        time.sleep(0.5)
        s.kill()
        s.start()
        assert s.attach(sleeping).json() == "slept"
    with_server(options, aws, run)


def many_at_once(options, aws):
    def run(s):
        ids = [s.send("/Runner/sleep/send", 500) for _ in range(100)]
        for i in ids:
            assert s.attach(i).json() == "slept"
    with_server(options, aws, run)


def compressed(options, aws):
    def run(s):
        text = "x" * 50_000
        assert s.ok("/Greeter/echo", text) == text
        headers = last_event(aws)["headers"]
        assert headers["content-encoding"] == "zstd", headers
        assert len(last_event(aws)["body"]) < 10_000
        assert s.ok("/Greeter/size", "x" * 10) == 10
        assert "content-encoding" not in last_event(aws)["headers"]
        # The SDK compresses what it answers from 3 MiB on.
        text = "x" * (4 << 20)
        assert s.ok("/Greeter/echo", text) == text
    with_server(options, aws, run, {"RESTATE_WORKER__INVOKER__REQUEST_COMPRESSION_THRESHOLD": "4KiB"})


def failures_are_retried(options, aws):
    def run(s):
        started = time.monotonic()
        aws.script = [
            (200, {"x-amz-function-error": "Unhandled"},
             json.dumps({"errorType": "Runtime.ExitError", "errorMessage": "boom"}).encode()),
            (200, {}, b""), (200, {}, b'"hello"'), (502, {}, b"bad gateway"),
            (429, {"x-amzn-errortype": "TooManyRequestsException:x", "retry-after": "1"},
             b'{"message":"Rate Exceeded."}'),
            (200, {}, json.dumps({"statusCode": 503, "headers": {"retry-after": "1"}, "body": ""}).encode()),
        ]
        assert s.ok("/Greeter/greet", "Ada") == "Hello Ada!"
        assert time.monotonic() - started > 2, "Retry-After was ignored"
        assert aws.script == []
        log = pathlib.Path(s.directory, "server.log").read_text()
        for code, text in [("RT0010", "failed: Runtime.ExitError: boom"), ("RT0010", "answered nothing"),
                           ("RT0010", "no JSON object"), ("RT0010", "answered 502"),
                           ("RT0023", "TooManyRequestsException: Rate Exceeded."), ("RT0023", "503")]:
            assert any(code in part and text in part for part in log.split("Invocation error")), (code, text, log)
    with_server(options, aws, run)


def roles_are_assumed(options, aws):
    aws.needs_role, aws.external_id = True, "id of mine"

    def run(s):
        refused = register(s, force=True)
        assert refused.status == 500 and "META0003" in refused.body.decode(), refused
        assert "AccessDeniedException" in refused.body.decode(), refused
        for i in range(5):
            assert s.ok("/Greeter/greet", f"{i}") == f"Hello {i}!"
        assert len(aws.roles) == 1, aws.roles  # one session for all of them
        assert aws.roles[0]["ExternalId"] == "id of mine" and aws.roles[0]["RoleArn"] == ROLE
        del aws.keys["ASIA1"]  # somebody revoked the session
        assert s.ok("/Greeter/greet", "Ada") == "Hello Ada!"
        assert aws.calls[-1][0] == "ASIA2" and len(aws.roles) == 2
        wrong = register(s, force=True, assume_role_arn=ROLE + "x")
        assert wrong.status == 500 and "AccessDenied: not for you" in wrong.body.decode(), wrong
    with_server(options, aws, run, {"AWS_EXTERNAL_ID": "id of mine"}, assume_role_arn=ROLE)


def sessions_are_renewed(options, aws):
    aws.needs_role, aws.role_lifetime = True, 12  # not used in the last ten seconds of it

    def run(s):
        first = aws.calls[-1][0]
        eventually(lambda: s.ok("/Greeter/greet", "Ada") and aws.calls[-1][0] != first)
    with_server(options, aws, run, assume_role_arn=ROLE)


def a_profile_is_used(options, aws):
    def run(s):
        assert s.ok("/Greeter/greet", "Ada") == "Hello Ada!"
        assert aws.calls[-1][0] == "AKIDPROFILE"
    aws.keys["AKIDPROFILE"] = ("secret of profile", "")
    with tempfile.TemporaryDirectory(prefix="restate-aws-") as folder:
        credentials = pathlib.Path(folder, "credentials")
        credentials.write_text("[mine]\naws_access_key_id = AKIDPROFILE\n"
                               "aws_secret_access_key = secret of profile\n")
        with_server(options, aws, run, {"AWS_SHARED_CREDENTIALS_FILE": str(credentials),
                                        "RESTATE_WORKER__INVOKER__AWS_PROFILE": "mine"})


def bad_registrations(options, aws):
    server = Server(options.server, env=aws.environment()).start()
    try:
        for arn in ["arn:aws:lambda:eu-central-1:1:function:f", "arn:aws:nope", "f"]:
            answer = server.admin_call("POST", "/deployments", {"arn": arn})
            assert answer.status == 400 and "arn" in answer.json()["message"], answer
        answer = server.admin_call("POST", "/deployments", {"arn": FUNCTION[:-1] + "2"})
        assert answer.status == 500 and "ResourceNotFoundException" in answer.json()["message"], answer
        assert answer.json()["restate_code"] == "META0003", answer
        aws.keys["AKIDE2E"] = ("another secret", "")
        answer = register(server)
        assert "InvalidSignatureException" in answer.json()["message"], answer
    finally:
        server.close()


def without_credentials(options, aws):
    environment = {"AWS_ENDPOINT_URL": aws.url, "AWS_EC2_METADATA_DISABLED": "true", "HOME": "/nowhere"}
    server = Server(options.server, env=environment).start()
    try:
        answer = register(server)
        assert answer.status == 500 and "there are no AWS credentials" in answer.json()["message"], answer
    finally:
        server.close()


def the_cli_registers(options, aws):
    cli = pathlib.Path(options.modules) / "node_modules" / ".bin" / "restate"
    server = Server(options.server, env=aws.environment()).start()
    try:
        env = {k: v for k, v in os.environ.items() if not k.startswith("RESTATE_")}
        env.update({"RESTATE_ADMIN_URL": f"http://127.0.0.1:{server.admin}", "DO_NOT_TRACK": "1",
                    "RESTATE_CLI_CONFIG_HOME": server.directory, "NO_COLOR": "1"})

        def restate(*arguments):
            done = subprocess.run([str(cli), "-y", *arguments], env=env, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, timeout=60, check=False)
            assert done.returncode == 0, done.stdout.decode()
            return done.stdout.decode()
        text = restate("deployments", "register", FUNCTION)
        assert "Counter" in text and "Signup" in text, text
        assert FUNCTION in restate("deployments", "list")
        deployment = server.admin_call("GET", "/deployments").json()["deployments"][0]["id"]
        assert FUNCTION in restate("deployments", "describe", deployment)
        assert server.ok("/Greeter/greet", "Ada") == "Hello Ada!"
    finally:
        server.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--server", required=True)
    parser.add_argument("--modules", required=True)
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()

    def runs(test):
        def run():
            aws = FakeAws(options.modules)
            try:
                test(options, aws)
            finally:
                aws.close()
        return test.__name__, run
    tests = [everything_works, work_lives_on, many_at_once, compressed, failures_are_retried,
             roles_are_assumed, sessions_are_renewed, a_profile_is_used, bad_registrations,
             without_credentials, the_cli_registers]
    return run_tests([runs(test) for test in tests], options.names)


if __name__ == "__main__":
    sys.exit(main())
