#!/usr/bin/env python3
"""SDK deployments behind TLS, with certificates of a CA that the server is told to trust.

usage: tls_test.py --server BINARY --modules DIR [name...]
"""

import argparse
import pathlib
import subprocess
import sys
import tempfile

from harness import Server, Services, run_tests


class Authority:
    """A CA in a folder, made with the openssl program."""

    def __init__(self, folder, name):
        self.folder = pathlib.Path(folder)
        self.name = name
        self.certificate = self.folder / f"{name}.pem"
        self._openssl("req", "-x509", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                      "-keyout", f"{name}.key", "-out", f"{name}.pem", "-days", "2", "-subj", f"/CN={name}")

    def issue(self, name, subjects):
        """(certificate file, key file) for `subjects`, such as `IP:127.0.0.1`."""
        (self.folder / f"{name}.ext").write_text(f"subjectAltName={subjects}\n")
        self._openssl("req", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                      "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        self._openssl("x509", "-req", "-in", f"{name}.csr", "-CA", f"{self.name}.pem", "-CAkey",
                      f"{self.name}.key", "-CAcreateserial", "-days", "2", "-extfile", f"{name}.ext",
                      "-out", f"{name}.pem")
        return self.folder / f"{name}.pem", self.folder / f"{name}.key"

    def _openssl(self, *arguments):
        subprocess.run(["openssl", *arguments], cwd=self.folder, check=True, capture_output=True)


def register(server, services, host="127.0.0.1", **options):
    return server.admin_call("POST", "/deployments", {"uri": f"https://{host}:{services.port}", **options})


def exercise(server):
    assert server.ok("/Greeter/greet", "Ada") == "Hello Ada!"
    text = "x" * (3 << 20)  # many TLS records
    assert server.ok("/Greeter/echo", text) == text
    assert server.ok("/Runner/steps", 5) == 10
    assert server.ok("/Counter/tls/add", 2) >= 2
    assert server.ok("/Runner/sleep", 1500) == "slept"  # suspends: longer than the inactivity timeout


def with_endpoint(options, authority, subjects, mode, run):
    files = authority.issue(f"{mode}-{abs(hash(subjects))}", subjects)
    env = {"SSL_CERT_FILE": str(authority.certificate),
           "RESTATE_WORKER__INVOKER__INACTIVITY_TIMEOUT": "1s"}
    with (Services(options.modules, mode, files) as services,
          Server(options.server, env=env).start() as server):
        run(server, services)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--server", required=True)
    parser.add_argument("--modules", required=True)
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()

    def http2(server, services):
        answer = register(server, services)
        assert answer.status == 201, answer
        deployment = server.admin_call("GET", f"/deployments/{answer.json()['id']}").json()
        assert deployment["http_version"] == "HTTP/2.0", deployment
        assert deployment["uri"] == f"https://127.0.0.1:{services.port}/", deployment
        exercise(server)
        server.kill()
        server.start()
        exercise(server)

    def http2_by_name(server, services):
        answer = register(server, services, "localhost")
        assert answer.status == 201, answer
        exercise(server)

    def http1(server, services):
        answer = register(server, services, use_http_11=True)
        assert answer.status == 201, answer
        exercise(server)

    def negotiated(server, services):
        """Nothing said about the version: TLS tells."""
        answer = register(server, services)
        assert answer.status == 201, answer
        deployment = server.admin_call("GET", f"/deployments/{answer.json()['id']}").json()
        assert deployment["http_version"] == "HTTP/1.1", deployment
        exercise(server)

    def refused(server, services):
        answer = register(server, services)
        assert answer.status == 500 and answer.json()["restate_code"] == "META0003", answer
        assert "certificate" in answer.json()["message"], answer
        assert server.admin_call("GET", "/deployments").json()["deployments"] == []

    with tempfile.TemporaryDirectory(prefix="restate-tls-") as folder:
        ours, other = Authority(folder, "ours"), Authority(folder, "other")
        here = "IP:127.0.0.1,DNS:localhost"

        def trusting_another(run):
            def swapped(_, services):
                server = Server(options.server, env={"SSL_CERT_FILE": str(other.certificate)}).start()
                try:
                    run(server, services)
                finally:
                    server.close()
            return swapped
        tests = [
            ("http2_over_tls", lambda: with_endpoint(options, ours, here, "https2", http2)),
            ("http2_over_tls_by_name", lambda: with_endpoint(options, ours, here, "https2", http2_by_name)),
            ("http1_over_tls", lambda: with_endpoint(options, ours, here, "https1", http1)),
            ("tls_negotiates_http1", lambda: with_endpoint(options, ours, here, "https1", negotiated)),
            ("an_unknown_authority_is_refused",
             lambda: with_endpoint(options, ours, here, "https2", trusting_another(refused))),
            ("another_name_is_refused",
             lambda: with_endpoint(options, ours, "DNS:elsewhere.example", "https2", refused)),
        ]
        return run_tests(tests, options.names)


if __name__ == "__main__":
    sys.exit(main())
