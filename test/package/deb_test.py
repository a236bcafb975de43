#!/usr/bin/env python3
"""The Debian packages in a clean Debian 12: the server installs, serves, survives, upgrades, and goes; programs are
built with the library.

usage: deb_test.py --build DIR [--root DIR]

Packs what is in the build folder and installs it where nothing else is: in a root of debootstrap, or in
a copy of the one that --root names. Needs root, debootstrap, lintian, systemd-analyze and a mirror of
Debian. What runs has mounts, processes and a network of its own, so that nothing is left and no port of
this machine is taken.
"""

import argparse
import ctypes
import fcntl
import json
import os
import pathlib
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))
from harness import request, run_tests  # noqa: E402

PACKAGE = "restate-server"
DEVELOPMENT = "librestate-dev"
UNIT = "lib/systemd/system/restate-server.service"
SETTINGS = "etc/restate/restate.toml"
USER = 61234  # of those that systemd gives to DynamicUser
# What apt and dpkg keep for themselves, and what is not on a disk.
VOLATILE = ("proc", "sys", "dev", "run", "tmp", "var/cache", "var/log", "var/lib/apt", "var/lib/dpkg", "root")
KERNEL_TEXTS = ("/proc/net/tcp", "/proc/net/tcp6")


def run(*command, **kwargs):
    done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          check=False, **kwargs)
    output = done.stdout.decode(errors="replace")
    assert done.returncode == 0, f"{' '.join(map(str, command))} exited with {done.returncode}:\n{output}"
    return output


class Root:
    """A directory with Debian in it."""

    def __init__(self, path):
        self.path = pathlib.Path(path)

    def make(self, template):
        if template:
            run("cp", "-a", template, self.path)
        else:
            run("debootstrap", "--variant=minbase", "bookworm", self.path)
        shutil.copyfile("/etc/resolv.conf", self / "etc/resolv.conf")
        # Nothing is started here: there is no systemd, and would a script try, this forbids it.
        policy = self / "usr/sbin/policy-rc.d"
        policy.write_text("#!/bin/sh\nexit 101\n")
        policy.chmod(0o755)
        run("mount", "-t", "proc", "proc", self / "proc")

    def __truediv__(self, name):
        return self.path / name

    def run(self, *command):
        env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8",
               "HOME": "/root", **{k: v for k, v in os.environ.items() if k.lower().endswith("_proxy")}}
        return run("chroot", self.path, *command, env=env)

    def apt(self, *arguments):
        return self.run("apt-get", "-q", "-y", "--no-install-recommends", *arguments)

    def files(self):
        found = set()
        for folder, folders, names in os.walk(self.path):
            inside = os.path.relpath(folder, self.path)
            folders[:] = [name for name in folders
                          if os.path.normpath(os.path.join(inside, name)) not in VOLATILE]
            found.update(os.path.normpath(os.path.join(inside, name)) for name in folders + names)
        return found


def unit_of(root):
    """The settings of the unit: key -> value, the last one wins."""
    found = {}
    for line in (root / UNIT).read_text().splitlines():
        key, equals, value = line.partition("=")
        if equals and not line.startswith(("#", "[")):
            found[key] = value
    return found


# --- In a network of its own: the server, as the unit would start it ---


def loopback_up():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        name = struct.pack("16sh", b"lo", 0x1 | 0x40)  # IFF_UP | IFF_RUNNING
        fcntl.ioctl(control, 0x8914, name)  # SIOCSIFFLAGS


def listening():
    """The addresses of all ports that this network listens on, as the kernel writes them."""
    found = set()
    for text in KERNEL_TEXTS:
        for line in pathlib.Path(text).read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A":
                found.add(fields[1].split(":")[0])
    return found


class Service:
    def __init__(self, root):
        self.root, self.unit, self.process = root, unit_of(root), None
        self.log = root / "tmp/server.log"
        # What systemd does for StateDirectory.
        self.state = root / f"var/lib/{self.unit['StateDirectory']}"
        self.state.mkdir(exist_ok=True)
        os.chown(self.state, USER, USER)
        self.state.chmod(int(self.unit["StateDirectoryMode"], 8))

    def __enter__(self):
        return self

    def __exit__(self, problem, *_):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if problem:
            print(self.log.read_text(errors="replace")[-3000:])

    def become(self):
        os.chroot(self.root.path)
        os.chdir(self.unit["WorkingDirectory"])
        os.umask(int(self.unit["UMask"], 8))
        os.setgroups([])
        os.setgid(USER)
        os.setuid(USER)
        ctypes.CDLL(None).prctl(38, 1, 0, 0, 0)  # PR_SET_NO_NEW_PRIVS

    def start(self, *more):
        command = self.unit["ExecStart"].split() + list(more)
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(command, env={"PATH": "/usr/bin:/bin"}, stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log, preexec_fn=self.become)
        deadline = time.monotonic() + 60
        while True:
            assert self.process.poll() is None, f"exited with {self.process.returncode}"
            try:
                if (request(9070, "GET", "/health", timeout=5).status == 200 and
                        request(8080, "GET", "/restate/health", timeout=5).status == 200 and
                        request(5122, "GET", "/health", timeout=5).status == 200):
                    return
            except OSError:
                pass
            assert time.monotonic() < deadline, "it does not serve"
            time.sleep(0.05)

    def stop(self):
        self.process.send_signal(getattr(signal, self.unit["KillSignal"]))
        return self.process.wait(30)

    def kill(self):
        self.process.kill()
        self.process.wait()


def call(path, value=None, **headers):
    response = request(8080, "POST", path, None if value is None else json.dumps(value),
                       {**({"content-type": "application/json"} if value is not None else {}), **headers})
    assert response.status in (200, 202), (path, response)
    return response.json()


def serve(root):
    """Runs inside `unshare --net`."""
    loopback_up()
    with Service(root) as service:
        service.start()
        assert listening() <= {"0100007F"}, f"it listens on {listening()}"
        assert service.stop() == 0, "SIGTERM"

        service.start("--demo")
        total = sum(range(1, 11))
        for i in range(1, 11):
            last = call("/DemoCounter/ada/add", i)
        assert last == total, last
        call("/Greeter/greetSlowly/send", "Ada", **{"idempotency-key": "slow"})
        service.kill()
        service.start("--demo")
        assert call("/DemoCounter/ada/get") == total, "what was acknowledged is gone"
        assert call("/Greeter/greetSlowly", "Ada", **{"idempotency-key": "slow"}) == "Good day, Ada."
        if (root / "usr/lib/restate-server/libduckdb.so").exists():
            sql = json.dumps({"query": "SELECT count(*) AS n FROM sys_invocation"})
            response = request(9070, "POST", "/query", sql,
                               {"content-type": "application/json", "accept": "application/json"})
            assert response.status == 200 and response.json()["rows"][0]["n"] > 0, response
        assert service.stop() == 0, "SIGTERM after a kill"

        names = {path.name for path in (service.state / "node-1").iterdir()}
        assert {"db", "log", "metadata"} <= names, names
        for path in [service.state / "node-1", *(service.state / "node-1").iterdir()]:
            assert path.stat().st_uid == USER and not path.stat().st_mode & 0o077, f"others can read {path}"


# --- The package ---


class Tests:
    def __init__(self, options, root):
        self.options, self.root = options, root
        self.deb, self.before, self.libraries = None, None, []

    def packs(self):
        """The packages are made, and lintian has nothing to say."""
        folder = pathlib.Path(self.root.path).parent / "out"
        run("cpack", "--config", pathlib.Path(self.options.build) / "CPackConfig.cmake", "-B", folder)
        found = {path.name.split("_")[0]: path for path in folder.glob("*.deb")}
        self.deb = found.pop(PACKAGE)
        assert len(found) == 2 and DEVELOPMENT in found, found
        self.libraries = sorted(found)
        for path in found.values():
            shutil.copy(path, folder.parent)
        run("lintian", "--allow-root", "--fail-on", "error,warning", self.deb, *found.values())

    def makes_a_root(self):
        self.root.make(self.options.root)
        self.root.apt("update")
        # What it needs comes first, so that what it brings can be told from that.
        self.root.apt("satisfy", run("dpkg-deb", "-f", self.deb, "Depends").strip())
        self.before = self.root.files()

    def installs(self):
        shutil.copy(self.deb, self.root / "tmp/package.deb")
        self.root.apt("install", "/tmp/package.deb")
        assert self.root.run("dpkg-query", "-W", "-f=${Status}", PACKAGE) == "install ok installed"
        assert not self.root.run("dpkg", "--verify", PACKAGE).strip()
        libraries = self.root.run("ldd", "/usr/bin/restate-server")
        assert "not found" not in libraries, libraries
        assert (self.root / "etc/systemd/system/multi-user.target.wants/restate-server.service").is_symlink()

    def settings_are_right(self):
        output = self.root.run("restate-server", "-c", f"/{SETTINGS}", "--dump-config")
        assert "warning:" not in output and 'bind-ip = "127.0.0.1"' in output, output

    def unit_is_right(self):
        """systemd has nothing to say, and thinks little is left to attack."""
        # Beside the units of this machine, as that root has no systemd.
        unit = self.root / "tmp/restate-server.service"
        unit.write_text((self.root / UNIT).read_text().replace("=/usr/bin/", f"={self.root.path}/usr/bin/"))
        output = run("systemd-analyze", "verify", "--man=no", unit)
        assert not output, output
        run("systemd-analyze", "security", "--offline=yes", "--threshold=25", self.root / UNIT)

    def serves_and_survives(self):
        print(run("unshare", "--net", sys.executable, __file__, "--serve", self.root.path), end="")

    def upgrades(self):
        """Settings that somebody has edited stay, and so does the data."""
        settings = self.root / SETTINGS
        edited = settings.read_text() + "\n# by hand\n"
        settings.write_text(edited)
        self.root.apt("install", "--reinstall", "-o", "Dpkg::Options::=--force-confold", "/tmp/package.deb")
        assert settings.read_text() == edited
        assert (self.root / "var/lib/restate/node-1/db").is_dir()

    def removes(self):
        self.root.apt("remove", PACKAGE)
        assert not (self.root / "usr/bin/restate-server").exists()
        assert (self.root / SETTINGS).exists() and (self.root / "var/lib/restate/node-1/db").is_dir()

    def purges(self):
        self.root.apt("purge", PACKAGE)
        left = sorted(self.root.files() - self.before)
        assert not left, f"left behind: {left}"
        assert not list((self.root / "var/lib/dpkg/info").glob(f"{PACKAGE}.*"))

    def develops(self):
        """Programs are built with the packages of the library, in each way that they describe."""
        packages = []
        for name in self.libraries:
            [path] = pathlib.Path(self.root.path).parent.glob(f"{name}_*.deb")
            shutil.copy(path, self.root / f"tmp/{name}.deb")
            packages.append(f"/tmp/{name}.deb")
        self.root.apt("install", *packages, "g++", "cmake", "make", "pkg-config")
        shutil.copytree(HERE / "consumer", self.root / "root/consumer")
        for kind in ("static", "shared"):
            build = f"/root/{kind}"
            self.root.run("cmake", "-S", "/root/consumer", "-B", build, "-DRESTATE_FROM=find_package",
                          f"-DRESTATE_COMPONENTS={kind}")
            self.root.run("cmake", "--build", build)
            self.greets(f"{build}/consumer")
        self.root.run("sh", "-c", "g++ -std=c++20 /root/consumer/main.cc -o /root/by-hand "
                                  "$(pkg-config --cflags --libs restate)")
        self.greets("/root/by-hand")
        assert (self.root / f"usr/share/doc/{DEVELOPMENT}/examples/greeter/main.cc").exists()

    def greets(self, program):
        folder = f"/root/data-{len(list((self.root / 'root').glob('data-*')))}"
        output = self.root.run(program, folder)
        assert output == 2 * "Hello Ada, booking 1\n", (program, output)

    def runs_with_the_library_alone(self):
        self.root.apt("purge", DEVELOPMENT)
        self.greets("/root/by-hand")
        self.greets("/root/shared/consumer")
        self.root.apt("purge", *(name for name in self.libraries if name != DEVELOPMENT))
        left = [name for name in self.root.files() if "restate" in name]
        assert not left, f"left behind: {left}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build")
    parser.add_argument("--root")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(Root(options.serve))
        return 0
    if os.geteuid() != 0:
        print("this test makes a root file system: run it as root")
        return 1
    if not options.inside:
        os.execvp("unshare", ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc",
                              sys.executable, __file__, *sys.argv[1:], "--inside"])
    with tempfile.TemporaryDirectory(prefix="restate-deb-", ignore_cleanup_errors=True) as folder:
        tests = Tests(options, Root(pathlib.Path(folder) / "root"))
        steps = [tests.packs, tests.makes_a_root, tests.installs, tests.settings_are_right, tests.unit_is_right,
                 tests.serves_and_survives, tests.upgrades, tests.removes, tests.purges, tests.develops,
                 tests.runs_with_the_library_alone]
        failed = 0
        for step in steps:  # each needs the ones before it
            failed = failed or run_tests([(step.__name__, step)])
        subprocess.run(["umount", tests.root / "proc"], check=False)
        return failed


if __name__ == "__main__":
    sys.exit(main())
