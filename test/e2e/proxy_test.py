#!/usr/bin/env python3
"""Deployments behind a proxy that digs tunnels: HTTP/2 and HTTP/1.1, with and without TLS.

usage: proxy_test.py --server BINARY --modules DIR [name...]
"""

import argparse
import base64
import socket
import sys
import tempfile
import threading

from harness import Server, Services, run_tests
from tls_test import Authority, exercise


class Proxy:
    """Answers CONNECT with a tunnel, to whoever knows the password if there is one."""

    def __init__(self, password=None):
        self.password = password
        self.targets = []
        self.refused = 0
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        head = b""
        while b"\r\n\r\n" not in head:
            piece = client.recv(4096)
            if not piece:
                return
            head += piece
        lines = head.decode().split("\r\n")
        method, target, _ = lines[0].split(" ")
        headers = dict(line.lower().split(": ", 1) for line in lines[1:] if line)
        assert method == "CONNECT" and headers["host"] == target, head
        if self.password:
            expected = "Basic " + base64.b64encode(self.password.encode()).decode()
            if headers.get("proxy-authorization") != expected.lower():
                self.refused += 1
                client.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n")
                return client.close()
        host, port = target.rsplit(":", 1)
        self.targets.append(target)
        try:
            server = socket.create_connection((host, int(port)))
        except OSError:
            client.sendall(b"HTTP/1.1 502 Bad Gateway\r\n\r\n")
            return client.close()
        client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        threading.Thread(target=self.pump, args=(server, client), daemon=True).start()
        return self.pump(client, server)

    @staticmethod
    def pump(source, sink):
        try:
            while piece := source.recv(65536):
                sink.sendall(piece)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def close(self):
        self.socket.close()


def with_proxy(options, run, env=None, mode="http2", files=(), password=None):
    proxy = Proxy(password)
    services = Services(options.modules, mode, files)
    secret = f"{password}@" if password else ""
    server = Server(options.server, env={"HTTP_PROXY": f"http://{secret}127.0.0.1:{proxy.port}",
                                         "RESTATE_WORKER__INVOKER__INACTIVITY_TIMEOUT": "1s",
                                         **(env or {})}).start()
    try:
        run(server, services, proxy)
    except Exception:
        print(server.tail())
        raise
    finally:
        server.close()
        services.close()
        proxy.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--server", required=True)
    parser.add_argument("--modules", required=True)
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()

    def exercised(scheme, **registration):
        def run(server, services, proxy):
            answer = server.admin_call("POST", "/deployments",
                                       {"uri": f"{scheme}://127.0.0.1:{services.port}", **registration})
            assert answer.status == 201, answer
            exercise(server)
            assert len(proxy.targets) >= 2, "discovery and attempts have a connection each"
            assert set(proxy.targets) == {f"127.0.0.1:{services.port}"}, proxy.targets
        return run

    def refused(server, services, proxy):
        answer = server.admin_call("POST", "/deployments", {"uri": f"http://127.0.0.1:{services.port}"})
        assert answer.status == 500 and answer.json()["restate_code"] == "META0003", answer
        assert "refused with status 407" in answer.json()["message"], answer
        assert proxy.refused > 1 and proxy.targets == []

    def exempt(server, services, proxy):
        server.register(services.port)
        exercise(server)
        assert proxy.targets == []

    with tempfile.TemporaryDirectory(prefix="restate-proxy-") as folder:
        authority = Authority(folder, "ours")
        files = authority.issue("services", "IP:127.0.0.1")
        trust = {"SSL_CERT_FILE": str(authority.certificate)}
        tests = [
            ("http2", lambda: with_proxy(options, exercised("http"))),
            ("http1", lambda: with_proxy(options, exercised("http", use_http_11=True), mode="http1")),
            ("http2_over_tls", lambda: with_proxy(options, exercised("https"), trust, "https2", files)),
            ("http1_over_tls", lambda: with_proxy(options, exercised("https"), trust, "https1", files)),
            ("with_a_password", lambda: with_proxy(options, exercised("http"), password="me:secret")),
            ("without_the_password", lambda: with_proxy(
                options, lambda s, v, p: (setattr(p, "password", "other:one"), refused(s, v, p)),
                password="me:secret")),
            ("no_proxy", lambda: with_proxy(options, exempt, {"NO_PROXY": "example.com,127.0.0.0/8"})),
        ]
        return run_tests(tests, options.names)


if __name__ == "__main__":
    sys.exit(main())
