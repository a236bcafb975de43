#!/usr/bin/env python3
"""The C++ part of docs/quick-start.md: its two files in a folder of their own, built against an installed copy,
killed while the handler sleeps, and started again.

usage: quick_start_cpp_test.py --work DIR [argument of cmake...]
"""

import argparse
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--work", required=True, type=pathlib.Path)
    arguments, settings = parser.parse_known_args()
    shutil.rmtree(arguments.work, ignore_errors=True)
    arguments.work.mkdir(parents=True)
    shutil.copy(ROOT / "examples" / "greeter" / "main.cc", arguments.work)
    shutil.copy(ROOT / "docs" / "quick-start" / "CMakeLists.txt", arguments.work)
    build = arguments.work / "build"
    subprocess.run(["cmake", "-S", arguments.work, "-B", build, *settings], check=True)
    subprocess.run(["cmake", "--build", build], check=True)
    greeter = ROOT / "test" / "e2e" / "greeter_test.py"
    return subprocess.run([sys.executable, greeter, "--greeter", build / "greeter"]).returncode


if __name__ == "__main__":
    sys.exit(main())
