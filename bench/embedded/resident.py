#!/usr/bin/env python3
"""Says whose memory it is: resident.py FILE.before FILE.idle (see main.cc).

A row per file that is mapped, and for what no file stands behind: KiB that are resident, and those of them
that are the process's own (written to: relocations, heap, stacks).
"""

import collections
import os
import re
import sys


def read(path):
    sums = collections.defaultdict(lambda: [0, 0])
    name = ""
    for line in open(path):
        head = re.match(r"[0-9a-f]+-[0-9a-f]+ \S+ \S+ \S+ (\d+)\s*(.*)", line)
        if head:
            name = os.path.basename(head.group(2)) or "anonymous: arenas, stacks, bss"
        elif match := re.match(r"(Rss|Anonymous):\s+(\d+) kB", line):
            sums[name][match.group(1) != "Rss"] += int(match.group(2))
    return sums


before, idle = read(sys.argv[1]), read(sys.argv[2])
print(f"{'before':>14} {'idle':>14}   KiB (of that its own)")
rows = sorted(idle.keys() | before.keys(), key=lambda name: -idle[name][0])
for name in rows:
    print(f"{before[name][0]:7} ({before[name][1]:4}) {idle[name][0]:7} ({idle[name][1]:4})   {name}")
for sums in (before, idle):
    print(f"{sum(s[0] for s in sums.values()):7} ({sum(s[1] for s in sums.values()):4})", end=" ")
print("  all")
