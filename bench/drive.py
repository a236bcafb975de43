#!/usr/bin/env python3
"""Runs bench scenarios against servers, interleaved, and prints figures and ratios.

Knows of a server only its command line and Restate's configuration keys. Every pass is one JSON
line; the tables show medians. usage: drive.py --help
"""

import argparse
import json
import os
import pathlib
import shlex
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "test" / "e2e"))
from harness import Server, free_port, request  # noqa: E402

TICK = os.sysconf("SC_CLK_TCK")

# name -> arguments of bench-load; {s} is the time per point.
SCENARIOS = {
    "a.noop.c1": "--path /Bench/noop --conns 1",
    "a.noop.c16": "--path /Bench/noop --conns 16",
    "a.noop.c64": "--path /Bench/noop --conns 64",
    "a.noop.c256": "--path /Bench/noop --conns 256",
    "a.send.c1": "--path /Bench/noop/send --conns 1",
    "a.send.c64": "--path /Bench/noop/send --conns 64",
    "b.obj1.c64": "--path /Obj/hot/noop --conns 64",
    "b.obj1000.c64": "--path /Obj/{key}/noop --keys 1000 --conns 64",
    "b.add1000.c64": "--path /Obj/{key}/add --keys 1000 --conns 64",
    "c.run1.c1": "--path /Bench/run --body 1 --conns 1",
    "c.run10.c1": "--path /Bench/run --body 10 --conns 1",
    "c.run1.c64": "--path /Bench/run --body 1 --conns 64",
    "c.run10.c64": "--path /Bench/run --body 10 --conns 64",
    "c.run50.c64": "--path /Bench/run --body 50 --conns 64",
    "c.call1.c64": "--path /Bench/call --body 1 --conns 64",
    "c.send10.c16": "--path /Bench/send --body 10 --conns 16",
    "e.set100k.c16": "--path /Obj/{key}/set --keys 100 --body 102400 --conns 16",
    "e.payload100k.c16": "--path /Bench/noop --bodysize 102400 --conns 16",
    "g.idemreplay1.c1": "--path /Bench/noop --idem fixed --conns 1",
    "g.idemreplay1.c64": "--path /Bench/noop --idem fixed --conns 64",
}
# Points that are not a closed loop over one path: see `MEASURES` and `measure_embedded`.
SPECIAL = ["f.wake10k", "f.sleep100ms.c4", "j.replay1000x50", "embedded"]
SHORT = ["a.noop.c1", "a.noop.c64", "a.noop.c256", "a.send.c64", "c.run1.c1", "c.run10.c1",
         "c.run1.c64", "c.run10.c64", "c.call1.c64", "b.obj1.c64"]

# Goal, how its figure is made from a pass, limit against the reference's default, and its direction.
GOALS = [
    ("PG1", "a.noop.c1 p50", lambda r: r["a.noop.c1"]["p50"], 0.6, "<="),
    ("PG2", "a.noop.c1 CPU/1k", lambda r: r["a.noop.c1"]["cpu_per_1k"], 0.5, "<="),
    ("PG3", "a.noop.c64 CPU/1k", lambda r: r["a.noop.c64"]["cpu_per_1k"], 0.5, "<="),
    ("PG4", "a.noop.c256 ops/s", lambda r: r["a.noop.c256"]["rps"], 1.5, ">="),
    ("PG5", "a.noop.c64 p99", lambda r: r["a.noop.c64"]["p99"], 0.7, "<="),
    ("PG6", "a.send.c64 CPU/1k", lambda r: r["a.send.c64"]["cpu_per_1k"], 0.5, "<="),
    ("PG7", "b.obj1.c64 ops/s", lambda r: r["b.obj1.c64"]["rps"], 1.5, ">="),
    ("PG8", "step increment c1 (ms)",
     lambda r: (r["c.run10.c1"]["p50"] - r["c.run1.c1"]["p50"]) / 9, 0.7, "<="),
    ("PG9", "step increment c64 CPU/1k",
     lambda r: (r["c.run10.c64"]["cpu_per_1k"] - r["c.run1.c64"]["cpu_per_1k"]) / 9, 0.4, "<="),
    ("PG10", "c.call1.c64 CPU/1k", lambda r: r["c.call1.c64"]["cpu_per_1k"], 0.5, "<="),
    ("PG11a", "e.set100k.c16 CPU/1k", lambda r: r["e.set100k.c16"]["cpu_per_1k"], 0.8, "<="),
    ("PG11b", "e.payload100k.c16 CPU/1k", lambda r: r["e.payload100k.c16"]["cpu_per_1k"], 0.8, "<="),
    ("PG12", "e.set100k.c16 KB written/op", lambda r: r["e.set100k.c16"]["kb_per_op"], 1.0, "<="),
    ("PG13a", "f.wake10k latest (ms)", lambda r: r["f.wake10k"]["late_max"], 0.7, "<="),
    ("PG13b", "f.sleep100ms.c4 p99 late (ms)", lambda r: r["f.sleep100ms.c4"]["late_p99"], 1.0, "<="),
    ("PG14a", "g.idemreplay1.c1 p50", lambda r: r["g.idemreplay1.c1"]["p50"], 1.0, "<="),
    ("PG14b", "g.idemreplay1.c64 CPU/1k", lambda r: r["g.idemreplay1.c64"]["cpu_per_1k"], 1.0, "<="),
    ("PG15a", "j.replay1000 round (ms)", lambda r: r["j.replay1000x50"]["round_ms"], 0.7, "<="),
    ("PG15b", "j.replay1000 round CPU (ms)", lambda r: r["j.replay1000x50"]["round_cpu_ms"], 0.6, "<="),
    ("PG16", "first call after SIGKILL (s)", lambda r: r["recover"]["kill_first_call"], 0.5, "<="),
    ("PG17a", "first call, empty (s)", lambda r: r["start"]["empty_first_call"], 0.7, "<="),
    ("PG17b", "first call, clean stop (s)", lambda r: r["start"]["clean_first_call"], 0.7, "<="),
    ("PG18a", "idle RSS (MB)", lambda r: r["start"]["idle_rss"], 0.5, "<="),
    ("PG18b", "RSS, suspended (MB)", lambda r: r["recover"]["suspended_rss"], 0.5, "<="),
    ("PG19", "idle CPU (cores)", lambda r: r["start"]["idle_cores"], 1.0, "<="),
    ("PG23a", "syncs per noop, c1", lambda r: r["syncs"]["noop"], 1.0, "<="),
    ("PG23b", "syncs per step, c1", lambda r: (r["syncs"]["run10"] - r["syncs"]["run1"]) / 9, 1.0, "<="),
    ("PG25", "embedded noop CPU/1k", lambda r: r["embedded"]["cpu_per_1k"], 0.1, "<="),
]


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK, int(fields[12]) / TICK


def busy_seconds():
    fields = [int(x) for x in pathlib.Path("/proc/stat").read_text().split("\n")[0].split()[1:]]
    return (sum(fields) - fields[3] - fields[4]) / TICK


def io_counters(pid):
    text = pathlib.Path(f"/proc/{pid}/io").read_text()
    return {k: int(v) for k, v in (line.split(": ") for line in text.strip().split("\n"))}


def rss_mb(pid, field="VmRSS"):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().split("\n"):
        if line.startswith(field):
            return int(line.split()[1]) / 1024
    return 0.0


def fsync_us(directory):
    path = os.path.join(directory, "probe")
    fd = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    times = []
    for _ in range(60):
        start = time.perf_counter()
        os.write(fd, b"x" * 512)
        os.fdatasync(fd)
        times.append((time.perf_counter() - start) * 1e6)
    os.close(fd)
    os.unlink(path)
    return statistics.median(times)


class Bench:
    def __init__(self, binaries):
        self.load = os.path.join(binaries, "load", "bench-load")
        self.limits = os.path.join(binaries, "limits", "bench-limits")
        self.embedded = os.path.join(binaries, "embedded", "bench-embedded")
        self.endpoint_binary = os.path.join(binaries, "endpoint", "bench-endpoint")

    def endpoint(self):
        port = free_port()
        process = subprocess.Popen([self.endpoint_binary, "--port", str(port)], stdout=subprocess.PIPE)
        process.stdout.readline()
        return process, port

    def generate(self, port, arguments, seconds):
        command = [self.load, "--port", str(port), *shlex.split(arguments)]
        if "--count" not in arguments:
            command += ["--dur", str(seconds)]
        output = subprocess.run(command, stdout=subprocess.PIPE, check=False).stdout
        return json.loads(output)

    def point(self, server, endpoint, name, seconds):
        pid = server.process.pid
        before, io, busy, ep = cpu_seconds(pid), io_counters(pid), busy_seconds(), cpu_seconds(endpoint.pid)
        begin = time.monotonic()
        result = self.generate(server.ingress, SCENARIOS[name], seconds)
        wall = time.monotonic() - begin
        after, io2, ep2 = cpu_seconds(pid), io_counters(pid), cpu_seconds(endpoint.pid)
        operations = max(1, result["all"])
        cpu = after[0] - before[0]
        result.update({
            "cpu_per_1k": cpu / operations * 1000,
            "sys_share": (after[1] - before[1]) / cpu if cpu else 0,
            "cores": cpu / wall,
            "kb_per_op": (io2["write_bytes"] - io["write_bytes"]) / operations / 1000,
            "syscw_per_op": (io2["syscw"] - io["syscw"]) / operations,
            "rss": rss_mb(pid),
            "ep_cpu_per_1k": (ep2[0] - ep[0]) / operations * 1000,
            "lg_cpu_per_1k": result["cpu"] / operations * 1000,
            "noise_cores": (busy_seconds() - busy - cpu - (ep2[0] - ep[0]) - result["cpu"]) / wall,
        })
        result.pop("body", None)
        return result


def endpoint_stats(port):
    """Counters of the endpoint since the last time they were read."""
    return json.loads(request(port, "GET", "/stats").body)


def quantile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * share))]


def completions(port, handler, count, seconds=120):
    """Waits until the endpoint completed `count` invocations; answers all lists it collected."""
    done, lists = 0, {"sleep_late_ms": [], "replay_ms": []}
    deadline = time.monotonic() + seconds
    while done < count:
        if time.monotonic() > deadline:
            raise SystemExit(f"{done} of {count} {handler} completed within {seconds} s")
        time.sleep(0.05)
        stats = endpoint_stats(port)
        done += stats["completed"].get(handler, 0)
        for name, values in lists.items():
            values += stats[name]
    return lists


def measure_wake(bench, server, port):
    """Ten thousand sleeps that end in the same second."""
    endpoint_stats(port)
    count, due = 10_000, int(time.time()) + 15
    bench.generate(server.ingress, f"--path /Bench/sleep/send --body '\"0,{due}\"' --count {count} --conns 64", 0)
    early = due - time.time()
    if early < 1:
        raise SystemExit(f"f.wake10k: filling left {early:.1f} s; nothing was measured")
    before = cpu_seconds(server.process.pid)[0]
    late = completions(port, "sleep", count)["sleep_late_ms"]
    return {"late_p50": quantile(late, 0.5), "late_max": max(late),
            "cpu_per_1k": (cpu_seconds(server.process.pid)[0] - before) / count * 1000}


def measure_sleep(bench, server, port):
    endpoint_stats(port)
    bench.generate(server.ingress, "--path /Bench/sleep --body 100 --count 200 --conns 4", 0)
    late = completions(port, "sleep", 200)["sleep_late_ms"]
    return {"late_p50": quantile(late, 0.5), "late_p99": quantile(late, 0.99)}


def measure_replay(bench, server, port):
    """A journal of a thousand steps, replayed fifty times."""
    rounds = 50
    bench.generate(server.ingress, "--path /Bench/replay --body '\"1000,0\"' --count 1 --conns 1", 0)
    endpoint_stats(port)
    before, begin = cpu_seconds(server.process.pid)[0], time.monotonic()
    bench.generate(server.ingress, f"--path /Bench/replay --body '\"1000,{rounds}\"' --count 1 --conns 1", 0)
    wall, cpu = time.monotonic() - begin, cpu_seconds(server.process.pid)[0] - before
    replays = endpoint_stats(port)["replay_ms"]
    return {"round_ms": wall / rounds * 1000, "round_cpu_ms": cpu / rounds * 1000,
            "replay_p50": quantile(replays, 0.5)}


def measure_embedded(bench, name, results):
    """A durable noop inside a program; it stands beside what the other servers took over HTTP."""
    if not name.startswith("ours"):
        return {"cpu_per_1k": results["a.noop.c64"]["cpu_per_1k"]}
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as directory:
        output = subprocess.run([bench.embedded, directory + "/data"], stdout=subprocess.PIPE, check=True).stdout
    result = {key: value for key, value in json.loads(output).items() if isinstance(value, (int, float))}
    return {**result, "cpu_per_1k": result["cpu_seconds_per_1000"]}


MEASURES = {"f.wake10k": measure_wake, "f.sleep100ms.c4": measure_sleep, "j.replay1000x50": measure_replay}


def measure_limits(bench):
    """What this disk and HTTP alone allow, in the same run."""
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as directory:
        output = subprocess.run([bench.limits, directory], stdout=subprocess.PIPE, check=True).stdout
    lines = output.decode().splitlines()
    endpoint, port = bench.endpoint()
    try:
        for connections in (1, 64):
            before = cpu_seconds(endpoint.pid)[0]
            result = bench.generate(port, f"--path /echo --conns {connections}", 2)
            cpu = (cpu_seconds(endpoint.pid)[0] - before) / max(1, result["all"]) * 1e6
            lines.append(json.dumps({"limit": "HTTP/1.1 echo", "connections": connections,
                                     "per_s": round(result["rps"]), "p50_us": round(result["p50"] * 1000, 1),
                                     "cpu_us": round(cpu, 1)}))
    finally:
        endpoint.kill()
    for line in lines:
        print(f"  {line}", flush=True)


def register(server, port, seconds=60):
    deadline = time.monotonic() + seconds
    while True:
        response = server.admin_call("POST", "/deployments", {"uri": f"http://127.0.0.1:{port}"})
        if response.status in (200, 201):
            return
        if time.monotonic() > deadline:
            raise SystemExit(f"cannot register the endpoint: {response}")
        time.sleep(0.05)


def first_call(server, seconds=120):
    """Seconds until a noop is answered, from now."""
    start = time.monotonic()
    while time.monotonic() - start < seconds:
        try:
            if server.call("/Bench/noop", 1, timeout=seconds).status == 200:
                return time.monotonic() - start
        except OSError:
            pass
        time.sleep(0.002)
    raise SystemExit(f"no answer within {seconds} s: {server.tail()}")


def make_server(spec):
    server = Server(spec["binary"], env=spec["env"])
    return server


def measure_start(spec, bench):
    endpoint, port = bench.endpoint()
    server = make_server(spec)
    try:
        begin = time.monotonic()
        server.start(wait=False)
        while True:
            try:
                if request(server.admin, "GET", "/health", timeout=5).status == 200:
                    break
            except OSError:
                pass
            time.sleep(0.002)
        register(server, port)
        first_call(server)
        empty = time.monotonic() - begin
        time.sleep(4)
        pid = server.process.pid
        before = cpu_seconds(pid)[0]
        time.sleep(5)
        idle = (cpu_seconds(pid)[0] - before) / 5
        rss = rss_mb(pid)
        stop = time.monotonic()
        server.terminate(60)
        stopped = time.monotonic() - stop
        begin = time.monotonic()
        server.start(wait=False)
        first_call(server)
        clean = time.monotonic() - begin
        return {"empty_first_call": empty, "clean_first_call": clean, "stop": stopped,
                "idle_cores": idle, "idle_rss": rss}
    finally:
        server.close()
        endpoint.kill()


def measure_recovery(spec, bench, count):
    """SIGKILL with `count` suspended invocations written since the start; nothing may be lost."""
    endpoint, port = bench.endpoint()
    server = make_server(spec).start()
    try:
        register(server, port)
        time.sleep(1)
        result = bench.generate(server.ingress, f"--path /Bench/sleep/send --body 86400000 --count {count} "
                                                "--conns 64", 0)
        if result["err"]:
            raise SystemExit(f"{result['err']} errors while filling: {result}")
        time.sleep(5)
        pid = server.process.pid
        suspended = rss_mb(pid)
        server.kill()
        begin = time.monotonic()
        server.start(wait=False)
        first_call(server)
        first = time.monotonic() - begin
        return {"count": count, "suspended_rss": suspended, "kill_first_call": first,
                "recovery_cpu": cpu_seconds(server.process.pid)[0]}
    finally:
        server.close()
        endpoint.kill()


def measure_syncs(spec, bench):
    """fdatasync and fsync calls per operation, at one connection; a run of its own, because strace is slow."""
    endpoint, port = bench.endpoint()
    server = make_server(spec).start()
    try:
        register(server, port)
        time.sleep(2)
        counts = {}
        for name, arguments in (("noop", "--path /Bench/noop"), ("run1", "--path /Bench/run --body 1"),
                                ("run10", "--path /Bench/run --body 10")):
            bench.generate(server.ingress, f"{arguments} --conns 1 --count 20", 0)
            time.sleep(1)
            report = os.path.join(server.directory, "strace")
            tracer = subprocess.Popen(["strace", "-f", "-c", "-e", "trace=fdatasync,fsync", "-o", report,
                                       "-p", str(server.process.pid)], stderr=subprocess.DEVNULL)
            time.sleep(1.5)
            result = bench.generate(server.ingress, f"{arguments} --conns 1 --count 100 --warm 0", 0)
            tracer.send_signal(signal.SIGINT)
            tracer.wait()
            lines = [line.split() for line in pathlib.Path(report).read_text().split("\n")]
            calls = sum(int(fields[3]) for fields in lines if fields and fields[-1] in ("fdatasync", "fsync"))
            counts[name] = calls / max(1, result["all"])
        return counts
    finally:
        server.close()
        endpoint.kill()


def one_pass(name, spec, bench, scenarios, seconds, extra, count):
    results = {}
    if scenarios:
        endpoint, port = bench.endpoint()
        server = make_server(spec).start()
        try:
            register(server, port)
            time.sleep(2)
            probe = fsync_us(server.directory)
            for scenario in scenarios:
                if scenario in MEASURES or scenario == "embedded":
                    results[scenario] = (MEASURES[scenario](bench, server, port) if scenario in MEASURES
                                         else measure_embedded(bench, name, results))
                    print(f"  {name:12} {scenario:18} "
                          f"{json.dumps({k: round(v, 3) for k, v in results[scenario].items()})}", flush=True)
                    continue
                results[scenario] = bench.point(server, endpoint, scenario, seconds)
                results[scenario]["fsync_us"] = probe
                r = results[scenario]
                print(f"  {name:12} {scenario:18} {r['rps']:9.0f}/s  p50 {r['p50']:8.3f}  p99 {r['p99']:8.3f} ms"
                      f"  CPU/1k {r['cpu_per_1k']:.3f}  ({r['cores']:.2f} cores, noise {r['noise_cores']:.2f},"
                      f" err {r['err']})", flush=True)
        finally:
            server.close()
            endpoint.kill()
    if extra:
        results["start"] = measure_start(spec, bench)
        print(f"  {name:12} start {json.dumps({k: round(v, 3) for k, v in results['start'].items()})}", flush=True)
        results["recover"] = measure_recovery(spec, bench, count)
        print(f"  {name:12} recover {json.dumps({k: round(v, 3) for k, v in results['recover'].items()})}", flush=True)
        if shutil.which("strace"):
            results["syncs"] = measure_syncs(spec, bench)
            print(f"  {name:12} syncs per operation {json.dumps(results['syncs'])}", flush=True)
    return results


def table(passes, ours, other):
    print(f"\nratios of {ours} to {other}, medians of {len(passes[ours])} passes")
    print(f"{'goal':6} {'figure':30} {ours:>10} {other:>10} {'ratio':>8}  limit")
    missed = []
    for goal, figure, pick, limit, direction in GOALS:
        try:
            a = statistics.median(pick(p) for p in passes[ours])
            b = statistics.median(pick(p) for p in passes[other])
        except KeyError:
            continue
        ratio = a / b if b else float("inf")
        met = ratio <= limit if direction == "<=" else ratio >= limit
        if not met:
            missed.append(goal)
        print(f"{goal:6} {figure:30} {a:10.3f} {b:10.3f} {ratio:8.3f}  {direction} {limit}"
              f"{'' if met else '  MISSED'}")
    print(f"missed: {', '.join(missed) or 'none'}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binaries", required=True, help="build folder of bench/")
    parser.add_argument("--server", required=True, help="our server")
    parser.add_argument("--reference", help="the reference server; adds default and tuned (1 partition)")
    parser.add_argument("--tuned-env", default="RESTATE_DEFAULT_NUM_PARTITIONS=1",
                        help="settings of our tuned runs")
    parser.add_argument("--scenarios", default=",".join(SHORT), help="comma separated, or 'all' or 'none'")
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--passes", type=int, default=3)
    parser.add_argument("--tuned", action="store_true", help="also the tuned settings of both")
    parser.add_argument("--extra", action="store_true", help="start-up, memory and recovery as well")
    parser.add_argument("--limits", action="store_true", help="first what the disk and HTTP alone allow")
    parser.add_argument("--in-flight", type=int, default=100_000, help="suspended invocations of the recovery")
    parser.add_argument("--out", help="JSON lines, appended")
    options = parser.parse_args()

    scenarios = {"all": list(SCENARIOS) + SPECIAL, "none": []}.get(options.scenarios, options.scenarios.split(","))
    bench = Bench(options.binaries)
    servers = {"ours": {"binary": options.server, "env": {"RESTATE_LOG_FILTER": "warn"}}}
    if options.reference:
        servers["reference"] = {"binary": options.reference, "env": {"RESTATE_LOG_FILTER": "warn"}}
    if options.tuned:
        tuned = dict(pair.split("=", 1) for pair in options.tuned_env.split(",") if pair)
        servers["ours-tuned"] = {"binary": options.server, "env": {"RESTATE_LOG_FILTER": "warn", **tuned}}
        if options.reference:
            servers["ref-tuned"] = {"binary": options.reference, "env": {
                "RESTATE_LOG_FILTER": "warn", "RESTATE_DEFAULT_NUM_PARTITIONS": "1"}}

    cpu = next((line.split(": ")[1] for line in open("/proc/cpuinfo") if line.startswith("model name")), "?")
    print(f"host: {os.cpu_count()} x {cpu}, Linux {os.uname().release}; fsync on; closed loop, HTTP/1.1")
    if options.limits:
        print("what the host allows")
        measure_limits(bench)
    passes = {name: [] for name in servers}
    for number in range(options.passes):
        print(f"pass {number + 1} of {options.passes}", flush=True)
        for name, spec in servers.items():
            extra = options.extra and "tuned" not in name
            result = one_pass(name, spec, bench, scenarios, options.seconds, extra, options.in_flight)
            passes[name].append(result)
            if options.out:
                with open(options.out, "a") as out:
                    out.write(json.dumps({"server": name, "pass": number, "results": result}) + "\n")
    if options.reference:
        table(passes, "ours", "reference")
        if options.tuned:
            table(passes, "ours-tuned", "ref-tuned")
    return 0


if __name__ == "__main__":
    sys.exit(main())
