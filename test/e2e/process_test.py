#!/usr/bin/env python3
"""The server as a process: its configuration, its sockets, its signals and its exit codes.

usage: process_test.py --server BINARY --modules DIR [name...]
"""

import argparse
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import threading
import time

from harness import Server, Services, eventually, free_port, request, run_tests, unix_request

TESTS = []
OPTIONS = None


def test(function):
    TESTS.append(function)
    return function


def run(*arguments, env=None, cwd=None):
    """The server with these arguments until it exits: (exit code, stdout, stderr)."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("RESTATE_")}
    done = subprocess.run([OPTIONS.server, *map(str, arguments)], env={**clean, **(env or {})}, cwd=cwd,
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def in_background(function):
    """Runs `function` on a thread; the function that is returned waits for its result."""
    results = []
    thread = threading.Thread(target=lambda: results.append(function()), daemon=True)
    thread.start()

    def join(seconds=30):
        thread.join(seconds)
        assert results, "no result"
        return results[0]
    return join


# --- Signals ---


@test
def sigterm_drains():
    """A call that is on its way is answered; what comes later is refused; the exit code is 0."""
    with Services(OPTIONS.modules) as services, Server(OPTIONS.server).start() as server:
        server.register(services.port)
        call = in_background(lambda: server.call("/Runner/sleep", 1500))
        send = server.send("/Runner/sleep/send", 8000)
        time.sleep(0.4)
        stopped = in_background(server.terminate)
        time.sleep(0.4)
        try:
            late = request(server.ingress, "GET", "/restate/health", timeout=5).status
        except OSError:
            late = "refused"
        answer = call()
        assert answer.status == 200 and answer.json() == "slept", answer
        assert late == "refused", late
        assert stopped() == 0
        # What nobody waited for goes on with the next start.
        server.start()
        assert server.attach(send).json() == "slept"
        assert server.terminate() == 0


@test
def an_idle_server_stops_at_once():
    with Server(OPTIONS.server).start() as server:
        begun = time.monotonic()
        assert server.terminate() == 0
        assert time.monotonic() - begun < 5
        assert "Stopped" in server.tail(), server.tail()


# --- The data directory ---


@test
def other_signals_do_not_end_it():
    with Server(OPTIONS.server).start() as server:
        for name in (signal.SIGHUP, signal.SIGUSR2, signal.SIGUSR1):
            server.process.send_signal(name)
        eventually(lambda: "cleanup-interval" in server.tail(), message="SIGUSR1 shows no settings")
        assert request(server.admin, "GET", "/health").status == 200
        assert server.terminate() == 0


@test
def a_second_server_is_refused():
    with Server(OPTIONS.server, args=["--demo"]).start() as server:
        code, _, errors = run("--base-dir", server.directory, "--node-name", "e2e",
                              "--use-random-ports", "true", "--listen-mode", "tcp")
        assert code == 1, code
        assert "[RT0005]" in errors and "in use" in errors and server.directory in errors, errors
        assert server.ok("/Greeter/greet", "Ada") == "Hello Ada!"  # the first goes on
        server.kill()
        server.start()  # the lock dies with its process
        assert server.ok("/Greeter/greet", "Ada") == "Hello Ada!"


@test
def data_of_another_server_is_refused():
    with tempfile.TemporaryDirectory() as folder:
        other = pathlib.Path(folder) / "n"
        other.mkdir()
        (other / ".cluster-marker").write_text("{}")
        code, _, errors = run("--base-dir", folder, "--node-name", "n", "--use-random-ports", "true")
        assert code == 1 and "data of another server" in errors, (code, errors)
        assert sorted(p.name for p in other.iterdir()) == [".cluster-marker"]


@test
def a_taken_port_is_refused():
    with Server(OPTIONS.server).start() as server:
        for variable in ("RESTATE_BIND_PORT", "RESTATE_INGRESS__BIND_PORT", "RESTATE_ADMIN__BIND_PORT"):
            with tempfile.TemporaryDirectory() as folder:
                env = {"RESTATE_BASE_DIR": folder, "RESTATE_BIND_IP": "127.0.0.1",
                       "RESTATE_BIND_PORT": "0", "RESTATE_INGRESS__BIND_PORT": "0",
                       "RESTATE_ADMIN__BIND_PORT": "0", variable: str(server.ingress)}
                code, _, errors = run(env=env)
                assert code == 1 and "[RT0004]" in errors and str(server.ingress) in errors, (code, errors)


# --- Configuration ---


def dump(*arguments, env=None):
    code, output, errors = run(*arguments, "--dump-config", env=env)
    assert code == 0, errors
    return output


@test
def later_sources_win():
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "restate.toml"
        file.write_text('cluster-name = "file"\nnode-name = "file"\nbase-dir = "file"\n'
                        '[worker]\ncleanup-interval = "7s"\n')
        env = {"RESTATE_CLUSTER_NAME": "env", "RESTATE_NODE_NAME": "env"}
        effective = dump("-c", file, "--cluster-name", "flag", env=env)
        for line in ('cluster-name = "flag"', 'node-name = "env"', 'base-dir = "file"',
                     'cleanup-interval = "7s"', 'shutdown-timeout = "1m"'):
            assert line in effective, (line, effective)
        # The file may be named by the environment, too, and what is dumped can be loaded.
        assert 'node-name = "file"' in dump(env={"RESTATE_CONFIG": str(file)})
        file.write_text(effective)
        assert dump("-c", file) == effective


@test
def every_port_can_be_chosen():
    """In the file, by variables, by flags; and 0 picks a free one."""
    with tempfile.TemporaryDirectory() as folder:
        node, ingress, admin = free_port(), free_port(), free_port()
        file = pathlib.Path(folder) / "restate.toml"
        file.write_text(f'bind-port = 1\nlisten-mode = "tcp"\n[ingress]\nbind-address = "127.0.0.1:{ingress}"\n'
                        f'[admin]\nbind-port = 1\n')
        server = Server(OPTIONS.server, args=["-c", str(file), "--bind-port", str(node)])
        server.ingress, server.admin, server.node = ingress, admin, node
        server.env = {"RESTATE_BIND_PORT": "2", "RESTATE_INGRESS__BIND_PORT": str(ingress),
                      "RESTATE_ADMIN__BIND_PORT": str(admin)}
        with server.start():
            assert request(node, "GET", "/health").status == 200
            version = request(admin, "GET", "/version").json()
            assert version["ingress_endpoint"] == f"http://127.0.0.1:{ingress}/", version


@test
def unix_sockets_serve():
    with (Services(OPTIONS.modules) as services,
          Server(OPTIONS.server, env={"RESTATE_LISTEN_MODE": "all"}).start() as server):
        sockets = pathlib.Path(server.directory) / "e2e"
        for name in ("ingress.sock", "admin.sock", "fabric.sock"):
            assert (sockets / name).is_socket(), name
        answer = unix_request(sockets / "admin.sock", "POST", "/deployments",
                              f'{{"uri": "http://127.0.0.1:{services.port}"}}',
                              {"content-type": "application/json"})
        assert answer.status == 201, answer
        answer = unix_request(sockets / "ingress.sock", "POST", "/Greeter/greet", '"Ada"',
                              {"content-type": "application/json"})
        assert answer.status == 200 and answer.json() == "Hello Ada!", answer
        assert unix_request(sockets / "fabric.sock", "GET", "/health").status == 200
        assert server.ok("/Greeter/greet", "Bob") == "Hello Bob!"  # beside TCP

        # Without TCP; the sockets that a kill leaves behind are replaced.
        server.kill()
        server.env["RESTATE_LISTEN_MODE"] = "unix"
        server.start(wait=False)

        def healthy():
            try:
                return unix_request(sockets / "ingress.sock", "GET", "/restate/health").status == 200
            except OSError:
                return False
        eventually(healthy)
        answer = unix_request(sockets / "ingress.sock", "POST", "/Greeter/greet", '"Cay"',
                              {"content-type": "application/json"})
        assert answer.status == 200 and answer.json() == "Hello Cay!", answer
        for port in (server.ingress, server.admin, server.node):
            try:
                request(port, "GET", "/health", timeout=5)
                raise AssertionError(f"port {port} is open")
            except OSError:
                pass
        assert server.terminate() == 0
        assert not list(sockets.glob("*.sock")), "sockets are left behind"


@test
def bad_configuration_is_one_clear_line():
    with tempfile.TemporaryDirectory() as folder:
        def refused(expected, *arguments, file=None, env=None, code=1):
            if file is not None:
                (pathlib.Path(folder) / "restate.toml").write_text(file)
                arguments = ("-c", "restate.toml", *arguments)
            found, output, errors = run(*arguments, "--dump-config", env=env, cwd=folder)
            assert found == code and errors.count("\n") == 1 and not output, (found, output, errors)
            assert code == 2 or errors.startswith("[RT0002] "), errors
            for text in expected:
                assert text in errors, (text, errors)

        refused(["unknown flag '--no-such-flag'"], "--no-such-flag", code=2)
        refused(["unexpected argument 'serve'"], "serve", code=2)
        refused(["restate.toml:2:"], file='node-name = "a"\nbind-port = = 1\n')
        refused(["restate.toml:3: worker.cleanup-interval:", "'soon'", "expected something like '10s'"],
                file='bind-port = 1\n[worker]\ncleanup-interval = "soon"\n')
        refused(["restate.toml:1: roles:", "expected http-ingress", '"cook"'], file='roles = ["cook"]\n')
        refused(["restate.toml:2: ingress.bind-port:", "0 to 65535", "70000"],
                file="[ingress]\nbind-port = 70000\n")
        refused(["RESTATE_ADMIN__BIND_PORT: admin.bind-port:", "0 to 65535", '"http"'],
                env={"RESTATE_ADMIN__BIND_PORT": "http"})
        refused(["RESTATE_ROLES: roles:", "expected a list of roles"], env={"RESTATE_ROLES": "worker,admin"})
        refused(["--shutdown-timeout:", "expected a duration"], "--shutdown-timeout", "5")
        refused(["nowhere.toml: cannot read"], "-c", "nowhere.toml")
        refused(["it is a directory"], "-c", folder)
        # A key that nobody knows is not an error: newer files work with older servers.
        assert "cluster-name" in dump(env={"RESTATE_NO_SUCH_KEY": "x"})


# --- Tokens, and changes while it runs ---


def bearer(port, path, token=None, method="GET", body=None):
    headers = {"authorization": f"Bearer {token}"} if token else {}
    return request(port, method, path, body, headers)


@test
def tokens_close_every_port():
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "token"
        file.write_text("from-file \n")
        env = {"RESTATE_ADMIN__BEARER_TOKEN_FILE": str(file), "RESTATE_INGRESS__BEARER_TOKEN": "in",
               "RESTATE_METRICS_BEARER_TOKEN": "met"}
        with Server(OPTIONS.server, env=env, args=["--demo"]).start() as server:  # health needs none
            for token in (None, "in", "from-fil"):
                refused = bearer(server.admin, "/deployments", token)
                assert refused.status == 401, refused
                assert refused.headers["www-authenticate"] == 'Bearer realm="restate"', refused.headers
                assert set(refused.json()) == {"message", "restate_code"}, refused
            assert bearer(server.admin, "/deployments", "from-file").status == 200
            assert bearer(server.ingress, "/Greeter/greet", "from-file", "POST", '"Ada"').status == 401
            assert bearer(server.ingress, "/Greeter/greet", method="POST", body='"Ada"').status == 401
            answer = request(server.ingress, "POST", "/Greeter/greet", '"Ada"',
                             {"content-type": "application/json", "authorization": "Bearer in"})
            assert answer.status == 200, answer
            assert bearer(server.ingress, "/restate/health").json() == {"services": []}
            assert bearer(server.node, "/health").status == 200
            assert bearer(server.node, "/metrics").status == 401
            assert bearer(server.node, "/metrics", "met").status != 401
        file.write_text("\n")
        code, _, errors = run("--base-dir", folder, env=env)
        assert code == 1 and "expected a token" in errors, errors


@test
def the_file_is_watched():
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "restate.toml"
        file.write_text('[admin]\nbearer-token = "one"\n')
        with Server(OPTIONS.server, args=["-c", str(file)]).start() as server:
            assert bearer(server.admin, "/version", "one").status == 200
            file.write_text('[admin]\nbearer-token = ["two"]\n')
            log = pathlib.Path(server.directory, "server.log")
            eventually(lambda: "the old one stays in force" in log.read_text(), 15)
            assert bearer(server.admin, "/version", "one").status == 200
            file.write_text('log-filter = "debug"\n[admin]\nbearer-token = "two"\n'
                            '[worker]\ncleanup-interval = "7s"\n')
            eventually(lambda: bearer(server.admin, "/version", "two").status == 200, 15)
            assert bearer(server.admin, "/version", "one").status == 401
            eventually(lambda: "log-filter, admin.bearer-token" in log.read_text())
            eventually(lambda: "keys: worker.cleanup-interval" in log.read_text())
            server.process.send_signal(signal.SIGUSR1)
            eventually(lambda: 'log-filter = "debug"' in log.read_text())
            assert 'cleanup-interval = "1h"' in log.read_text()
            assert server.terminate() == 0


def main():
    global OPTIONS
    parser = argparse.ArgumentParser()
    parser.add_argument("--server", required=True)
    parser.add_argument("--modules", required=True)
    parser.add_argument("names", nargs="*")
    OPTIONS = parser.parse_args()
    OPTIONS.server = os.path.abspath(OPTIONS.server)
    return run_tests([(t.__name__, t) for t in TESTS], OPTIONS.names)


if __name__ == "__main__":
    sys.exit(main())
