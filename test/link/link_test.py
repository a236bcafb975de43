#!/usr/bin/env python3
"""What a program that embeds an engine is linked with.

usage: link_test.py --little PROGRAM --all PROGRAM

The first names neither a directory nor ports and must be without what only those need; the second names both,
and has all of it, so that a name that has changed is noticed.
"""

import argparse
import re
import subprocess
import sys

LIBRARIES = {"librocksdb", "libssl", "libcrypto", "libnghttp2"}
# Files of our library, each with what it brings along. Their names are there once.
MEMBERS = {"admin", "discoverer", "client_pool", "server_connection", "http_client", "ingress", "kafka_ingress",
           "ingestion", "open_files", "open_network", "open_ports", "scram", "segment_log", "shard_ports", "tls_stream"}
# What servers alone read: neither program has it.
SERVERS = {"config_sources", "config_table"}


def output(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def libraries(program):
    return set(re.findall(r"\(NEEDED\).*\[([^.\]]+)", output("readelf", "--dynamic", program)))


def members(program):
    """By the linker's map, which lies beside the program."""
    return set(re.findall(r"librestate\.a\((\w+)\.cc\.o\)", open(program + ".map", encoding="utf-8").read()))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--little", required=True)
    parser.add_argument("--all", required=True)
    arguments = parser.parse_args()
    wrong = []
    for program in (arguments.little, arguments.all):
        if output(program) != "Hello Ada\n":
            wrong.append(f"{program} does not answer")
    if found := (libraries(arguments.little) & LIBRARIES) | (members(arguments.little) & (MEMBERS | SERVERS)):
        wrong.append(f"a program in memory, without ports, is linked with {found}")
    if missing := (LIBRARIES - libraries(arguments.all)) | (MEMBERS - members(arguments.all)):
        wrong.append(f"a program with a directory and ports is linked without {missing}: does this test know?")
    print("\n".join(wrong) or "fine")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
