#!/usr/bin/env python3
"""Checks that test/CASES.md tells the truth: every test it names exists and is run by ctest, every
hard case and golden trace of the design notes stands in it, and what has no test yet is counted.

usage: cases.py --build DIR [--run]

Names of Catch2 tests are looked up in their source and in what the built programs list; a program
that is not built is reported and its names are only looked up in the sources. `--run` runs every
named test by its name as well. Exits 1 if there is a finding.
"""

import argparse
import collections
import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
TESTS = ROOT / "test"

WANTED = ([f"H{n}" for n in range(1, 107)] + [f"S{n}" for n in range(1, 29)]
          + [f"GT{n}" for n in range(1, 15)])
# What can only be tested with several nodes, or with the queues that come with them.
CLUSTER = {"H3", "H7", "H12", "H93", "H94", "H96", "H104", "H105",
           "S6", "S7", "S9", "S19", "S22", "S23", "S24"}
# The list of open cases only shrinks: whoever closes one lowers this number.
OPEN_AT_MOST = 0

CASE = re.compile(r"^(H|S|GT|SI|I)\d+$")
TEST_CASE = re.compile(r'TEST_CASE\(\s*"((?:[^"\\]|\\.)*)"\s*(?:,\s*"([^"]*)")?')


class Programs:
    """What ctest runs, and the Catch2 tests within."""

    def __init__(self, build):
        self.commands = {}  # ctest name -> command, as ctest starts it
        self.names = {}     # program -> its tests
        self.missing = set()
        shown = subprocess.run(["ctest", "--test-dir", str(build), "--show-only=json-v1"],
                               capture_output=True, text=True, check=True)
        for test in json.loads(shown.stdout)["tests"]:
            self.commands[test["name"]] = test.get("command", [])

    def of_folder(self, folder, build):
        """The program of a folder of tests, by the place where it is built."""
        wanted = build / folder.relative_to(ROOT)
        found = {pathlib.Path(command[0]) for command in self.commands.values()
                 if command and pathlib.Path(command[0]).parent == wanted}
        # A test of a program that is not built has no command; its name is the program's.
        return sorted(found)

    def list(self, program):
        if program not in self.names:
            if not program.exists():
                self.missing.add(program.name)
                self.names[program] = None
            else:
                # Catch2 2 answers with the number of tests as exit code; Catch2 3 knows other words.
                for words in (["--list-test-names-only"], ["--list-tests", "--verbosity", "quiet"]):
                    ran = subprocess.run([str(program), *words], capture_output=True, text=True)
                    if "Unrecognised" not in ran.stderr + ran.stdout:
                        break
                self.names[program] = {line.strip() for line in ran.stdout.splitlines()}
        return self.names[program]


def rows(text):
    """(line number, section, cells) of every row of a table."""
    section = ""
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("#"):
            section = line.lstrip("# ")
        if line.startswith("|") and not re.match(r"^\|[\s|-]+\|$", line):
            yield number, section, [cell.strip() for cell in line.strip("|").split("|")]


def cell_list(cell):
    return [part.strip(" `") for part in cell.split(",")]


class Checker:
    def __init__(self, build):
        self.build = build
        self.programs = Programs(build)
        self.findings = []
        self.to_run = collections.OrderedDict()
        self.sources = collections.defaultdict(list)
        for path in sorted(TESTS.rglob("*_test.cc")):
            self.sources[path.stem].append(path)

    def find(self, number, text):
        self.findings.append(f"test/CASES.md:{number}: {text}")

    def place(self, number, name):
        """The file or folder that a row means."""
        if name.endswith(".py") or name.startswith("transcripts/"):
            path = TESTS / name
            if not path.exists():
                self.find(number, f"there is no test/{name}")
                return None
            return path
        stem = name.split("/")[-1]
        found = [path for path in self.sources[stem]
                 if path.with_suffix("").as_posix().endswith("/" + name)]
        if len(found) != 1:
            self.find(number, f"{name} is {len(found)} files; name the folder as well")
            return None
        return found[0]

    def holds(self, number, path, name):
        """Whether `path` has a test called `name`."""
        if path.is_dir():
            return self.transcript(number, path, name)
        text = path.read_text()
        if path.suffix == ".py":
            if not re.search(rf"^def {re.escape(name)}\(", text, re.M):
                return False
            if not any(path.as_posix() in command for command in self.programs.commands.values()):
                self.find(number, f"ctest does not run {path.name}")
            return True
        for found, tags in TEST_CASE.findall(text):
            if found.replace('\\"', '"') != name:
                continue
            if "[." in tags:
                self.find(number, f'"{name}" is hidden, so that nobody runs it')
            self.built(number, path, name)
            return True
        return False

    def transcript(self, number, folder, name):
        if not (folder / f"{name}.txt").exists():
            return False
        if not self.programs.of_folder(folder, self.build):
            self.programs.missing.add(folder.relative_to(TESTS).as_posix())
        elif not any(folder.as_posix() in command for command in self.programs.commands.values()):
            self.find(number, f"ctest does not run {folder.name}")
        return True

    def built(self, number, path, name):
        folder = path.parent
        while not (folder / "CMakeLists.txt").exists():
            folder = folder.parent
        if path.relative_to(folder).as_posix() not in (folder / "CMakeLists.txt").read_text():
            self.find(number, f"no program has {path.relative_to(ROOT)}")
            return
        programs = self.programs.of_folder(folder, self.build)
        if not programs:
            self.programs.missing.add(folder.relative_to(TESTS).as_posix())
            return
        for program in programs:
            listed = self.programs.list(program)
            if listed is None:
                return
            if name in listed:
                self.to_run[(program, name)] = True
                return
        self.find(number, f'no program of {folder.relative_to(ROOT)} lists "{name}"')

    def check_row(self, number, case, tests, places):
        if tests.startswith("none"):
            if tests != "none (cluster batch)" or case not in CLUSTER:
                self.find(number, f"{case} has no test and is not open")
            return
        paths = [self.place(number, name) for name in cell_list(places)]
        if None in paths:
            return
        used = set()
        for name in [part.strip() for part in tests.split(";")]:
            holders = [path for path in paths if self.holds(number, path, name)]
            used.update(holders)
            if not holders:
                self.find(number, f'{case}: "{name}" is not a test of {places}')
        for path in paths:
            if path not in used:
                self.find(number, f"{case}: nothing of {path.name} is named")

    def check(self):
        text = (TESTS / "CASES.md").read_text()
        seen = {}
        is_open = {}
        for number, section, cells in rows(text):
            if section.startswith("Recordings"):
                for name in re.findall(r"`(compat_\w+)`", " ".join(cells)):
                    if name not in self.programs.commands:
                        self.find(number, f"ctest knows no {name}")
                continue
            if not CASE.match(cells[0]) and cells[0] != "–":
                continue
            table = is_open if section == "Open" else seen
            if cells[0] in table and cells[0] != "–":
                self.find(number, f"{cells[0]} stands twice")
            table[cells[0]] = number
            if table is is_open:
                if len(cells) < 2 or not cells[1]:
                    self.find(number, f"{cells[0]} is open, and nobody knows why")
            elif len(cells) < 3:
                self.find(number, f"{cells[0]}: a row has a case, its tests and their files")
            else:
                self.check_row(number, *cells[:3])
        for case in WANTED:
            if case not in seen and case not in is_open:
                self.findings.append(f"test/CASES.md: {case} is missing")
        for case in sorted(set(seen) & set(is_open)):
            self.find(is_open[case], f"{case} has a test and is open")
        if len(is_open) > OPEN_AT_MOST:
            self.findings.append(f"test/CASES.md: {len(is_open)} cases are open, "
                                 f"and only {OPEN_AT_MOST} were before")
        elif len(is_open) < OPEN_AT_MOST:
            self.findings.append(f"test/cases/cases.py: {len(is_open)} cases are open: "
                                 "lower OPEN_AT_MOST, so that it stays so")
        return len(seen), sorted(is_open, key=lambda case: (case.strip("0123456789"),
                                                            int(re.sub(r"\D", "", case))))

    def run(self):
        for program, name in self.to_run:
            ran = subprocess.run([str(program), name.replace(",", "\\,").replace("[", "\\[")],
                                 capture_output=True, text=True)
            if ran.returncode != 0 or "No tests ran" in ran.stdout or "No test cases" in ran.stdout:
                self.findings.append(f'{program.name}: "{name}" fails\n{ran.stdout[-2000:]}')


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--run", action="store_true")
    arguments = parser.parse_args()
    checker = Checker(arguments.build.resolve())
    count, is_open = checker.check()
    if arguments.run:
        checker.run()
    for finding in checker.findings:
        print(finding)
    if checker.programs.missing:
        print("not built, so only their sources were read: "
              + ", ".join(sorted(checker.programs.missing)))
    print(f"open: {len(is_open)} cases: {' '.join(is_open)}")
    print(f"cases: {count} rows, {len(checker.to_run)} tests listed by their programs, "
          f"{len(checker.findings)} findings")
    return 1 if checker.findings else 0


if __name__ == "__main__":
    sys.exit(main())
