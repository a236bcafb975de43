#!/usr/bin/env python3
"""An hour of mixed load with a SIGKILL every minute: nothing may be lost, doubled or stuck, and nothing
may grow.

usage: soak.py --server BINARY --modules DIR [--minutes N] [--rate N] [--report DIR] [--no-curves]

Kills come in the first two thirds of the time. In the last third the server is left alone, since what
a process leaks shows only in one that lives. The page and the picture of the run go to --report.
"""

import argparse
import atexit
import os
import pathlib
import random
import statistics
import subprocess
import sys
import threading
import time

import soak_report
from harness import HERE, Server, Services
from soak_load import Load

RETENTION = 60        # seconds
CLEANUP = 5
SAMPLE_EVERY = 10
BUSY_CPUS = 0.3       # when others use more of the machine, latencies say nothing about the server
# Small enough for an hour, or five minutes, to fill them many times.
SETTINGS = {"worker.checkpoint-bytes": "2MiB", "worker.trim-delay-interval": "10s",
            "worker.cleanup-interval": f"{CLEANUP}s", "rocksdb-total-memory-size": "64MiB"}
ENVIRONMENT = {
    "RESTATE_LOG_FILTER": "warn",
    "RESTATE_WORKER__INVOKER__INACTIVITY_TIMEOUT": "500ms",
    "RESTATE_DEFAULT_RETRY_POLICY__MAX_ATTEMPTS": "unlimited",
    "RESTATE_DEFAULT_RETRY_POLICY__MAX_INTERVAL": "1s",
    "RESTATE_DEFAULT_JOURNAL_RETENTION": f"{RETENTION}s",
    "RESTATE_DEFAULT_IDEMPOTENCY_RETENTION": f"{RETENTION}s",
    "RESTATE_DEFAULT_WORKFLOW_COMPLETION_RETENTION": f"{RETENTION}s",
    **{"RESTATE_" + key.upper().replace(".", "__").replace("-", "_"): value for key, value in SETTINGS.items()},
}


class Probe:
    """The client that measures, and what it has said so far."""

    def __init__(self, server):
        self.process = subprocess.Popen([sys.executable, HERE / "soak_probe.py", str(server.ingress)],
                                        stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
        atexit.register(self.process.kill)  # however the run ends
        self.lock = threading.Lock()
        self.latencies, self.downtime, self.wrong = [], 0.0, []
        self.thread = threading.Thread(target=self.listen, daemon=True)
        self.thread.start()

    def listen(self):
        down_since = None
        for said in self.process.stdout:
            start, outcome = said.rstrip().split(" ", 1)
            with self.lock:
                if outcome == "down":
                    down_since = down_since or float(start)
                elif outcome.startswith("wrong"):
                    self.wrong.append(f"wrong: the probe got {outcome}")
                else:
                    if down_since is not None:
                        self.downtime += float(start) - down_since
                        down_since = None
                    self.latencies.append(float(outcome))

    def take(self):
        """The median and the 99th percentile of the calls since the last look."""
        with self.lock:
            taken, self.latencies = sorted(self.latencies), []
        if len(taken) < 20:
            return None, None
        return statistics.median(taken), taken[int(len(taken) * 0.99)]

    def close(self):
        self.process.kill()
        self.process.wait()
        self.thread.join()


def size(folder):
    """MiB on the disk; files come and go meanwhile."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.stat(os.path.join(parent, name)).st_blocks * 512
            except FileNotFoundError:
                pass
    return total / soak_report.MIB


class Others:
    """How many CPUs the rest of the machine keeps busy: the time that nobody waits, less our own. What runs
    niced gives way and is counted by itself."""

    def __init__(self, *processes):
        self.processes = processes
        self.last = self.look()

    def look(self):
        # Of all: user, nice, system. Of a process: fields 14 and 15, counted from behind its name.
        user, niced, system = map(int, pathlib.Path("/proc/stat").read_text().split()[1:4])
        busy = user + system
        for process in self.processes:
            try:
                fields = pathlib.Path(f"/proc/{process.process.pid}/stat").read_text().rsplit(")", 1)[1]
                busy -= sum(map(int, fields.split()[11:13]))
            except FileNotFoundError:
                pass
        own = os.times()
        ticks = os.sysconf("SC_CLK_TCK")
        return (time.monotonic(), self.processes[0].process.pid, busy / ticks - own.user - own.system,
                niced / ticks)

    def take(self):
        """The CPUs since the last look, of others and of what is niced; None over a kill, which takes a
        process's account with it."""
        (then, pid_then, busy_then, niced_then), self.last = self.last, self.look()
        now, pid, busy, niced = self.last
        return [(busy - busy_then) / (now - then), (niced - niced_then) / (now - then)] if pid == pid_then else None


def sample(now, server, load, probe):
    pid, data = server.process.pid, pathlib.Path(server.directory) / "e2e"
    p50, p99 = probe.take()
    rss = files = None
    try:
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
        rss = int(status.split("VmRSS:")[1].split()[0]) / 1024
        files = len(os.listdir(f"/proc/{pid}/fd"))
    except (OSError, IndexError):
        pass  # just being killed
    return {"time": now, "rss": rss, "files": files, "disk": size(data), "log": size(data / "log"),
            "p50": p50, "p99": p99, "in_flight": len(load.open), "finished": sum(load.finished.values())}


def line(s):
    show = lambda value: "-" if value is None else f"{value:.1f}"
    return (f"{s['time']:5.0f} s  rss {show(s['rss'])} MiB  disk {s['disk']:.0f} MiB  log {s['log']:.0f} MiB  "
            f"p50 {show(s['p50'])} ms  p99 {show(s['p99'])} ms  files {s['files']}  in flight {s['in_flight']}  "
            f"finished {s['finished']}")


def soak(options, server, services, load, probe):
    """The run itself; returns the samples and when the kills were."""
    rng = random.Random(options.seed)
    begin = time.monotonic()
    end = options.minutes * 60
    kills_end = end * 2 / 3
    samples, kills, others = [], [], Others(server, services, probe)
    next_sample, next_kill = SAMPLE_EVERY, options.kill_every
    while (now := time.monotonic() - begin) < end:
        if server.process.poll() is not None:
            raise SystemExit(f"the server exited with {server.process.returncode}: {server.tail()}")
        if now >= next_sample:
            next_sample += SAMPLE_EVERY
            samples.append(sample(now, server, load, probe))
            samples[-1]["others"] = others.take()
            print(line(samples[-1]), flush=True)
        if now >= next_kill and now < kills_end:
            next_kill += options.kill_every
            kills.append(now)
            server.kill()
            if len(kills) % 4 == 0:  # once more while it recovers
                server.start(wait=False)
                time.sleep(rng.uniform(0.01, 0.4))
                server.kill()
            server.start()
            print(f"kill {len(kills)}", flush=True)
        time.sleep(0.1)
    return samples, kills, kills_end, end


def curves(samples, kills_end, end):
    """Each part's curves with the lines through them."""
    parts = [("A kill every minute", "Each process lives for a minute: what grows here grew on the disk, "
              "or comes back from there.", (0, kills_end)),
             ("Left alone", "One process under the same load.", (kills_end, end))]
    result = []
    for title, about, phase in parts:
        chosen = soak_report.judged(samples, phase)
        result.append((title, about, [(curve, soak_report.fit(curve, chosen)) for curve in soak_report.CURVES]))
    return result


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--server", required=True)
    parser.add_argument("--modules", required=True)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--rate", type=float, default=60, help="pieces of work started per second")
    parser.add_argument("--kill-every", type=float, default=60, help="seconds")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--report", type=pathlib.Path, help="where soak.md and soak.svg go")
    parser.add_argument("--no-curves", action="store_true", help="on a busy machine: the account only")
    options = parser.parse_args()
    print(f"{options.minutes:g} minutes, seed {options.seed}, {options.rate:g} pieces of work a second",
          flush=True)

    with Services(options.modules) as services, Server(options.server, env=ENVIRONMENT) as server:
        server.start()
        server.register(services.port)
        load, probe = Load(server, options.rate, options.seed), Probe(server)
        load.start()
        samples, kills, kills_end, end = soak(options, server, services, load, probe)
        probe.close()
        load.drain(120)
        load.check_counters(60)
        forgotten = load.check_retention(RETENTION + CLEANUP + 60)
        problems = load.problems + probe.wrong
        if load.held_back:
            problems.append(f"slow: {load.held_back} pieces of work were not started, too many were in flight")
        if server.terminate() != 0:
            problems.append("SIGTERM did not end the server in order")
        if problems:
            print(server.tail())
    parts = curves(samples, kills_end, end)
    shares = [s["others"] for s in samples if s["others"] is not None] or [[0, 0]]
    others, niced = (statistics.median(share) for share in zip(*shares))
    ignored = soak_report.LATENCIES if others > BUSY_CPUS else ()
    problems += [f"grows: {fit.curve.title} by {fit.growth:.3g} {fit.curve.unit} ({title.lower()})"
                 for title, _, fits in parts for _, fit in fits if fit and not fit.flat
                 and not options.no_curves and fit.curve.name not in ignored]
    if options.report:
        run = {"minutes": options.minutes, "seed": options.seed, "rate": options.rate, "kills": len(kills),
               "cpus": os.cpu_count(), "others": others, "niced": niced, "busy": bool(ignored),
               "finished": load.finished,
               "requests": load.requests, "downtime": probe.downtime, "forgotten": forgotten,
               "retention": RETENTION, "interval": SAMPLE_EVERY, "settings": SETTINGS}
        (options.report / "soak.md").write_text(soak_report.page(run, parts, problems))
        (options.report / "soak.svg").write_text(soak_report.picture(samples, kills, end))
    for title, _, fits in parts:
        print(title, soak_report.table(fits), sep="\n")
    for problem in problems[:50]:
        print(problem)
    print(f"{len(kills)} kills, {sum(load.finished.values())} pieces of work, {forgotten} asked about after "
          f"their retention: {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
