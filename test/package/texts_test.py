#!/usr/bin/env python3
"""What is written about the server is true of it: help, man pages, completions, settings, container.

usage: texts_test.py --server BINARY
"""

import argparse
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
PACKAGING = ROOT / "packaging"
sys.path.insert(0, str(ROOT / "test" / "e2e"))
from harness import run_tests  # noqa: E402

TESTS = []
OPTIONS = None


def test(function):
    TESTS.append((function.__name__, function))
    return function


def server(*arguments, cwd=None):
    env = {k: v for k, v in os.environ.items() if not k.startswith("RESTATE_")}
    done = subprocess.run([OPTIONS.server, *map(str, arguments)], env=env, cwd=cwd, stdin=subprocess.DEVNULL,
                          capture_output=True, timeout=60, check=False)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def flags():
    """All that the parser takes, without other spellings."""
    text = (ROOT / "apps/restate-server/options.cc").read_text()
    names = re.findall(r'\{"(--[a-z-]+)[",]', text) + re.findall(r'add_(?:flag|option)\("(?:-c,)?(--[a-z-]+)"', text)
    assert len(names) > 25, names
    return [*names, "--help", "--version"]


def has(text, flag):
    return re.search(rf"(?<![a-z-]){flag}(?![a-z-])", text)


@test
def help_fits_a_screen_and_names_every_flag():
    code, text, errors = server("--help")
    assert code == 0 and not errors
    lines = text.splitlines()
    assert len(lines) <= 40 and max(map(len, lines)) <= 80, (len(lines), max(map(len, lines)))
    missing = [flag for flag in flags() if not has(text, flag)]
    assert not missing, missing
    unknown = [flag for flag in set(re.findall(r"--[a-z-]+", text)) if flag not in flags()]
    assert not unknown, unknown


@test
def the_manual_and_the_completions_name_every_flag():
    page = re.sub(r"Fl (?:[ch] , )?-", "--", (PACKAGING / "restate-server.1").read_text())
    texts = {
        "man page": page,
        "bash": (PACKAGING / "completions/restate-server.bash").read_text(),
        "zsh": (PACKAGING / "completions/_restate-server").read_text(),
        "fish": re.sub(r"-l ([a-z-]+)", r"--\1", (PACKAGING / "completions/restate-server.fish").read_text()),
    }
    for name, text in texts.items():
        missing = [flag for flag in flags() if not has(text, flag)]
        assert not missing, (name, missing)


@test
def bash_completes():
    script = f"""
        . {PACKAGING}/completions/restate-server.bash
        COMP_WORDS=(restate-server {{}}); COMP_CWORD=$((${{{{#COMP_WORDS[@]}}}} - 1))
        _restate_server; echo "${{{{COMPREPLY[@]}}}}" """
    for words, expected in (("--listen-mode u", "unix"), ("--log-fo", "--log-format"), ("--node-name x", "")):
        done = subprocess.run(["bash", "-c", script.format(words)], capture_output=True, check=True)
        assert done.stdout.decode().strip() == expected, (words, done)
        assert not done.stderr, done.stderr


@test
def the_version_is_one():
    version = re.search(r"project\(restate VERSION ([\d.]+)", (ROOT / "CMakeLists.txt").read_text()).group(1)
    assert server("--version")[1].startswith(f"restate-server {version} "), server("--version")


def check(text):
    """Warnings and errors about this file."""
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "restate.toml"
        file.write_text(text)
        code, _, errors = server("-c", file, "--dump-config")
        return code, errors


@test
def the_settings_of_the_package_are_right():
    text = (PACKAGING / "restate.toml").read_text()
    assert check(text) == (0, ""), check(text)
    # What is commented out would be right as well: keys are known, and values are of their kind.
    every = re.sub(r'^#([a-z-]+ = )', r"\1", text, flags=re.M)
    assert every.count("\n") == text.count("\n") and every != text
    assert check(every) == (0, ""), check(every)
    assert "did you mean" in check(text.replace("bind-ip", "bind-ipp"))[1]


@test
def commented_settings_show_the_defaults():
    text = (PACKAGING / "restate.toml").read_text()
    effective = server("--dump-config")[1]
    kept = {}  # what says that it is no default
    for line in text.splitlines():
        found = re.match(r"#([a-z-]+) = (.*)", line)
        if not found or found.group(1) in ("process-total-memory-size", "advertised-address",
                                           "request-identity-private-key-pem-file"):
            continue
        key, value = found.groups()
        value = re.sub(r'"(\d+) (MiB|KiB)"', r'"\1.0 \2"', value)
        if f"\n{key} = {value}\n" not in f"\n{effective}":
            kept[key] = value
    assert not kept, kept


@test
def the_manual_names_every_key_and_no_other():
    page = (PACKAGING / "restate.toml.5").read_text()
    entries = dict(re.findall(r"^\.It Sy (\S+) Em (.*?)(?: Pq .*)?$", page, re.M))
    assert len(entries) == page.count("\n.It Sy ") > 70, len(entries)
    known = re.findall(r'^([a-z0-9-]+) = |^\[(.*)\]$', server("--dump-config")[1], re.M)
    section, keys = "", []
    for key, header in known:
        if header:
            section = header + "."
        else:
            keys.append(section + key)
    # Those of a listener stand once for all three.
    listener = re.compile(r"^(ingress|admin)\.(listen-mode|bind-ip|bind-port|use-random-ports)$")
    missing = [key for key in keys if key not in entries and not listener.match(key)]
    assert not missing, missing
    # Every key with a value of the kind that the page says.
    values = {"directory": '"data"', "folder": '"data"', "text": '"info"', "number": "1", "duration": '"1m"',
              "bool": "true", "list": '["admin"]', "address": '"127.0.0.1"', "address:port": '"127.0.0.1:1"',
              "size": '"1 MiB"', "rate": '"10/s"', "url": '"http://127.0.0.1:1/"',
              "file": f'"{PACKAGING}/restate.toml"', "table": '{ x-a = "b" }',
              "list of tables": '[{ name = "a", brokers = ["b:1"] }]', "number | unlimited": '"unlimited"'}
    special = {"process-total-memory-size": '"64 MiB"', "worker.snapshots.destination": '"file:///copies"'}
    text = ""
    for key, kind in entries.items():
        value = special.get(key) or values.get(kind) or f'"{kind.split(" | ")[0]}"'
        text += f"{key} = {value}\n"
    code, errors = check(text)
    assert code == 0 and not re.search("unknown|no effect", errors), (code, errors)


@test
def nothing_names_a_registry():
    for name in ("Dockerfile", "scripts/package", "packaging/healthcheck"):
        text = (ROOT / name).read_text()
        assert not re.search(r"https?://|docker\.io|ghcr\.|quay\.", text), name


@test
def the_image_has_what_it_copies():
    text = (ROOT / "Dockerfile").read_text()
    let_in = re.findall(r"^!(\S+)", (ROOT / ".dockerignore").read_text(), re.M)
    assert all((ROOT / name).exists() for name in let_in), let_in
    for line in re.findall(r"^COPY (?!--)(.*)$", text, re.M):
        source = line.split()[0]
        assert source == "." or any(source.split("/")[0] == name for name in let_in), line
    assert re.search(r"^USER 65532", text, re.M) and "HEALTHCHECK" in text


def main():
    global OPTIONS
    parser = argparse.ArgumentParser()
    parser.add_argument("--server", required=True)
    parser.add_argument("names", nargs="*")
    OPTIONS = parser.parse_args()
    OPTIONS.server = os.path.abspath(OPTIONS.server)
    return run_tests(TESTS, OPTIONS.names)


if __name__ == "__main__":
    sys.exit(main())
