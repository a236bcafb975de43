"""All that people do with the real `restate` CLI, against one server: the steps of cli_vectors.py.

A step is a command with a name. Its exit code and its output are kept, without what is new every time (ids,
times, ports) and without what comes from the CLI alone (its advice, its picture). Everything that a step
depends on is waited for, so that two servers can be compared.
"""

import json
import os
import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))
from harness import Server, Services, eventually, request  # noqa: E402

HOUR_MS = 3_600_000
UNITS = r"(?:years?|months?|weeks?|days?|hours?|minutes?|mins?|seconds?|secs?|ms|us|µs|ns|[dhms])"
SPAN = rf"\d+(?:\.\d+)? ?{UNITS}(?:,? (?:and )?\d+(?:\.\d+)? ?{UNITS})*"
CHANGING = [
    (r"\b(inv|dp|sub|prom|sign|mut|vq)_1?[0-9A-Za-z]{14,}", r"<\1>"),
    (r"\b01[0-9A-HJKMNP-TV-Z]{24}\b", "<key>"),
    (r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z| ?[+-]\d\d:?\d\d| UTC)?", "<time>"),
    (r"\b[A-Z][a-z]{2} \d+ [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d [+-]\d\d:\d\d", "<time>"),
    (r"Query took \S+", "Query took <while>"),
    (rf"(?:\b{SPAN}|\bnow) ago\b", "<ago>"),
    (rf"\b(?:{SPAN} (?:left|since)|now)\b", "<while>"),
    (rf"(for|in|every|after) {SPAN}", r"\1 <while>"),
    (rf"\((?:<ago>|<while>|{SPAN})", "(<while>"),
    (r"Retried \d+ time", "Retried <n> time"),
    # What is said of a lock depends on how long it has been held.
    (r"\. The key will not be released until this invocation is complete", ""),
    (r"  Suspended for <while>\. The lock will not be released until this invocation is complete", ""),
    # Texts for people are free.
    (r"(Error: (?:<UNKNOWN>|[A-Z]+\d+)) .*", r"\1 <text>"),
]
DROPPED = re.compile(r"^[ ↓→↗]*$|^ *at .*\((?:file|node):|^ *at (?:async )?(?:file|node):")
# Services and handlers come in no order, and two of the lists join lines that way.
SHUFFLED = ("register", "deployments", "services", "purge: a service", "vqueues")
JOINED = ("deployments list", "services list --extra")


class Side:
    """One server with services of its own, and the CLI for it."""

    def __init__(self, binary, modules, env=None):
        self.services = Services(modules)
        self.server = Server(binary, env={
            "RESTATE_DEFAULT_NUM_PARTITIONS": "4",
            "RESTATE_WORKER__INVOKER__INACTIVITY_TIMEOUT": "200ms",
            # What fails waits for as long as the test lasts.
            "RESTATE_DEFAULT_RETRY_POLICY__INITIAL_INTERVAL": "1h",
            "RESTATE_DEFAULT_RETRY_POLICY__MAX_INTERVAL": "1h",
            **(env or {}),
        })
        self.cli = next(pathlib.Path(modules).glob("node_modules/@restatedev/restate-linux-*/bin/restate"))
        self.names = {}  # ids and ports -> what stands for them
        self.steps = {}  # name -> [exit code, lines]
        self.editor = None

    def __enter__(self):
        self.server.start()
        eventually(self.answers_sql, message="it does not answer SQL")
        self.names = {str(self.services.port): "SERVICES", str(self.server.ingress): "INGRESS",
                      str(self.server.admin): "ADMIN", str(self.server.node): "NODE",
                      self.server.directory: "DIRECTORY"}
        return self

    def __exit__(self, *problem):
        self.server.__exit__(*problem)
        self.services.close()

    def name(self, identifier, name):
        self.names[identifier] = f"<{name}>"
        return identifier

    def run(self, *arguments):
        env = {k: v for k, v in os.environ.items() if not k.startswith("RESTATE_") and k != "CI"}
        env.update({"RESTATE_ADMIN_URL": f"http://127.0.0.1:{self.server.admin}",
                    "RESTATE_INGRESS_URL": f"http://127.0.0.1:{self.server.ingress}", "DO_NOT_TRACK": "1",
                    "RESTATE_CLI_CONFIG_HOME": self.server.directory, "NO_COLOR": "1", "TERM": "dumb",
                    "COLUMNS": "300"})
        if self.editor:
            env["RESTATE_EDITOR"] = self.editor
        done = subprocess.run([str(self.cli), "-y", *arguments], env=env, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, check=False)
        return done.returncode, done.stdout.decode(errors="replace")

    def step(self, name, *arguments):
        assert name not in self.steps, name
        code, output = self.run(*arguments)
        lines = self.normal(output)
        if name.startswith(JOINED):
            lines = [cell for line in lines for cell in re.split(r" {2,}|^ ", line)]
        if name.startswith(SHUFFLED):
            lines = sorted(line.strip() for line in lines if line.strip())
        self.steps[name] = [code, lines]
        return output

    def normal(self, output):
        output = re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", output)
        for text, name in sorted(self.names.items(), key=lambda pair: -len(pair[0])):
            output = output.replace(text, name)
        for pattern, name in CHANGING:
            output = re.sub(pattern, name, output)
        output = re.sub(r"<text>\n.*?(?=\n +-> Http status)", "<text>", output, flags=re.S)
        lines, advice = [], False
        for line in output.splitlines():
            line = re.sub(r"([^\w\s])\1{3,}", r"\1\1\1", line.rstrip())  # ruled lines
            line = re.sub(r" {2,}", "  ", line)
            # Advice goes on until something is at the margin again.
            advice = "[TIP]:" in line or advice and (not line or line.startswith("  "))
            if not advice and not DROPPED.match(line):
                lines.append(line)
        return lines

    def answers_sql(self):
        body = json.dumps({"query": "SELECT count(*) FROM sys_invocation"})
        return request(self.server.admin, "POST", "/query", body, {"content-type": "application/json"}).status == 200

    def query(self, sql):
        response = request(self.server.admin, "POST", "/query", json.dumps({"query": sql}),
                           {"content-type": "application/json", "accept": "application/json"})
        assert response.status == 200, (sql, response)
        return response.json()["rows"]

    def wait(self, invocation, *statuses):
        """Until it is in one of these."""
        def there():
            rows = self.query(f"SELECT status FROM sys_invocation WHERE id = '{invocation}'")
            return rows and rows[0]["status"] in statuses
        eventually(there, message=f"{self.names.get(invocation)} is not {statuses}")
        return invocation

    def gone(self, invocation):
        eventually(lambda: not self.query(f"SELECT id FROM sys_invocation WHERE id = '{invocation}'"))

    def send(self, name, path, value=None, status=None, **headers):
        invocation = self.name(self.server.send(path, value, headers=headers), name)
        if status:
            self.wait(invocation, status)
        return invocation

    def edit_with(self, script):
        """What `edit` commands start instead of an editor."""
        path = pathlib.Path(self.server.directory) / "editor"
        path.write_text("#!/bin/sh\n" + script + "\n")
        path.chmod(0o755)
        self.editor = str(path)


def registry(side):
    step, url = side.step, f"http://127.0.0.1:{side.services.port}"
    step("whoami", "whoami")
    for command in ("deployments list", "services list", "invocations list", "services status",
                    "kafka-clusters list", "subscriptions list"):
        step(f"{command}: nothing", *command.split())
    step("register", "deployments", "register", url)
    deployment = side.server.admin_call("GET", "/deployments").json()["deployments"][0]["id"]
    side.name(deployment, "dp")
    step("register again", "deployments", "register", url)
    step("register --force", "deployments", "register", url, "--force")
    step("register: nobody there", "deployments", "register", "http://127.0.0.1:1")
    step("register: no URL", "deployments", "register", "not a url")
    step("deployments list", "deployments", "list")
    step("deployments list --extra", "deployments", "list", "--extra")
    step("deployments describe", "deployments", "describe", deployment)
    step("deployments describe --extra", "deployments", "describe", deployment, "--extra")
    step("deployments describe: unknown", "deployments", "describe", "dp_11wZAZhvkaQXn73yplIceEp")
    step("deployments describe: no id", "deployments", "describe", "dp_1")
    step("services list", "services", "list")
    step("services list --extra", "services", "list", "--extra")
    step("services describe", "services", "describe", "Counter")
    step("services describe: unknown", "services", "describe", "Nope")
    step("services status", "services", "status")
    step("services status: one", "services", "status", "Counter")
    step("services status: unknown", "services", "status", "Nope")

    step("config view", "services", "config", "view", "Counter")
    step("config patch", "services", "config", "patch", "Counter", "--public", "false")
    step("services list --public-only", "services", "list", "--public-only")
    step("config patch: times", "services", "config", "patch", "Counter", "--public", "true",
         "--journal-retention", "2h", "--idempotency-retention", "3h", "--inactivity-timeout", "200ms",
         "--abort-timeout", "5m")
    step("config view: patched", "services", "config", "view", "Counter")
    step("config patch: nothing", "services", "config", "patch", "Counter")
    step("config patch: not a workflow", "services", "config", "patch", "Counter",
         "--workflow-completion-retention", "1h")
    step("config patch: unknown", "services", "config", "patch", "Nope", "--public", "true")
    side.edit_with("sed -i 's/^# public = .*/public = false/' \"$1\"")
    step("config edit", "services", "config", "edit", "Greeter")
    step("config view: edited", "services", "config", "view", "Greeter")
    step("config patch: back", "services", "config", "patch", "Greeter", "--public", "true")
    return deployment


def work(side):
    """One invocation in every status; newer ones later, as lists are ordered by time."""
    sent = {
        "greeted": side.send("greeted", "/Greeter/greet/send", "Ada", "completed", **{"idempotency-key": "k"}),
        "failed": side.send("failed", "/Runner/terminal/send", status="completed"),
        "stepped": side.send("stepped", "/Runner/steps/send", 2, "completed"),
        "caller": side.send("caller", "/Runner/call/send", "Eve", "completed"),
        "added": side.send("added", "/Counter/ada/add/send", 5, "completed"),
        "later": side.send("later", "/Greeter/greet/send?delay=1h", "Bob", "scheduled"),
        "asleep": side.send("asleep", "/Runner/sleep/send", HOUR_MS, "suspended"),
        "broken": side.send("broken", "/Runner/flaky/send", 1_000_000, "backing-off"),
        "busy": side.send("busy", "/Gauge/hold/send", {"name": "a", "ms": HOUR_MS}, "running"),
        "holder": side.send("holder", "/Counter/held/hold/send", HOUR_MS, "suspended"),
        "queued": side.send("queued", "/Counter/held/add/send", 1, "pending"),
        "flow": side.send("flow", "/Signup/eve/run/send", "eve@example.com", "suspended"),
    }
    child = side.query(f"SELECT id FROM sys_invocation WHERE invoked_by_id = '{sent['caller']}'")
    sent["child"] = side.name(child[0]["id"], "child")
    return sent


def looking(side, sent, deployment):
    step = side.step
    step("invocations list", "invocations", "list")
    step("invocations list --all", "invocations", "list", "--all")
    for status in ("scheduled", "pending", "running", "suspended", "backing-off", "completed", "paused"):
        step(f"invocations list --status {status}", "invocations", "list", "--status", status)
    for name, filters in {
        "service": ("--service", "Runner,Greeter"), "handler": ("--handler", "hold"), "key": ("--key", "held"),
        "objects": ("--virtual-objects-only",), "zombies": ("--zombie",), "deployment": ("--deployment", deployment),
        "failures": ("--completion-result", "failure"), "limit": ("--limit", "2"),
        "oldest": ("--all", "--oldest-first", "--limit", "3"),
    }.items():
        step(f"invocations list: {name}", "invocations", "list", *filters)
    for name, invocation in sent.items():
        step(f"invocations describe: {name}", "invocations", "describe", invocation)
    step("invocations describe: unknown", "invocations", "describe", "inv_1aiqX0vFEFNH1Umgre58JiCLgHfTtztYK5")
    step("services status: busy", "services", "status", "--locked-key-held-threshold-second", "0")
    step("services status: Counter", "services", "status", "Counter", "--locked-key-held-threshold-second", "0")
    step("services status: Runner", "services", "status", "Runner")
    step("deployments list --extra: busy", "deployments", "list", "--extra")
    step("deployments describe --extra: busy", "deployments", "describe", deployment, "--extra")
    step("deployments remove: busy", "deployments", "remove", deployment)


def state(side):
    step = side.step
    step("state get", "state", "get", "Counter", "ada")
    step("state get --plain", "state", "get", "--plain", "Counter", "ada")
    step("state get --binary", "state", "get", "--binary", "Counter", "ada")
    step("state get: no such key", "state", "get", "Counter", "nobody")
    step("state get: a service", "state", "get", "Greeter", "ada")
    step("state get: unknown", "state", "get", "Nope", "ada")
    step("state patch", "state", "patch", "Counter", "ada", "--patch",
         '[{"op": "replace", "path": "/value", "value": 7}]')
    eventually(lambda: side.server.ok("/Counter/ada/get") == 7, message="the state is not patched")
    step("state get: patched", "state", "get", "--plain", "Counter", "ada")
    step("state patch: wrong", "state", "patch", "Counter", "ada", "--patch", '[{"op": "replace"}]')
    side.edit_with("sed -i 's/7/8/' \"$1\"")
    step("state edit", "state", "edit", "Counter", "ada")
    eventually(lambda: side.server.ok("/Counter/ada/get") == 8, message="the state is not edited")
    step("state clear: a key", "state", "clear", "Counter/ada")
    eventually(lambda: side.server.ok("/Counter/ada/get") == 0, message="the state is not cleared")
    step("state clear: nothing", "state", "clear", "Counter/ada")
    step("state clear: a service", "state", "clear", "--force", "Counter")
    step("state clear: unknown", "state", "clear", "Nope")


def acting(side, sent):
    step, wait = side.step, side.wait
    step("pause", "invocations", "pause", sent["broken"])
    wait(sent["broken"], "paused")
    step("invocations list: paused", "invocations", "list", "--status", "paused")
    step("invocations describe: paused", "invocations", "describe", sent["broken"])
    step("pause: already", "invocations", "pause", sent["broken"])
    step("resume", "invocations", "resume", sent["broken"])
    wait(sent["broken"], "backing-off")
    step("pause again", "invocations", "pause", "Runner/flaky")
    wait(sent["broken"], "paused")
    step("resume: latest", "invocations", "resume", sent["broken"], "--deployment", "latest")
    wait(sent["broken"], "backing-off")
    step("pause: suspended", "invocations", "pause", sent["asleep"])
    step("resume: suspended", "invocations", "resume", sent["asleep"])
    wait(sent["asleep"], "suspended")
    step("pause: completed", "invocations", "pause", sent["greeted"])
    step("resume: completed", "invocations", "resume", sent["greeted"])
    step("cancel", "invocations", "cancel", sent["asleep"])
    wait(sent["asleep"], "completed")
    step("invocations describe: cancelled", "invocations", "describe", sent["asleep"])
    step("cancel: completed", "invocations", "cancel", sent["asleep"])
    step("cancel: scheduled", "invocations", "cancel", "Greeter/greet")
    step("cancel: queued", "invocations", "cancel", sent["queued"])
    step("cancel: an object", "invocations", "cancel", "Counter/held")
    wait(sent["holder"], "completed")
    step("kill", "invocations", "kill", sent["broken"])
    wait(sent["broken"], "completed")
    step("cancel --kill", "invocations", "cancel", "--kill", "Gauge")
    wait(sent["busy"], "completed")
    step("invocations describe: killed", "invocations", "describe", sent["busy"])
    step("kill: unknown", "invocations", "kill", "Nope")
    step("restart-as-new", "invocations", "restart-as-new", sent["greeted"])
    step("restart-as-new: a workflow", "invocations", "restart-as-new", "Signup/eve/run")
    step("purge: not completed", "invocations", "purge", sent["flow"])
    step("purge", "invocations", "purge", sent["failed"])
    side.gone(sent["failed"])
    step("invocations describe: purged", "invocations", "describe", sent["failed"])
    step("cancel: a workflow", "invocations", "cancel", "Signup/eve")
    wait(sent["flow"], "completed")
    step("purge: a service", "invocations", "purge", "Runner")
    step("purge: unknown", "invocations", "purge", "inv_1aiqX0vFEFNH1Umgre58JiCLgHfTtztYK5")
    eventually(lambda: not side.query("SELECT id FROM sys_invocation WHERE target_service_name = 'Runner'"))
    step("invocations list --all: at the end", "invocations", "list", "--all", "--oldest-first", "--service",
         "Runner,Gauge,Counter,Signup")


STATEMENTS = {
    "one": "select 1 as a, 'b' as b, null as c",
    "services": "SELECT name, ty, public FROM sys_service ORDER BY name",
    "statuses": "SELECT status, count(*) AS n FROM sys_invocation WHERE target_service_name = 'Counter' "
                "GROUP BY status ORDER BY status",
    "state": "SELECT service_key, key, value_utf8, value FROM state ORDER BY service_key, key",
    "nothing": "SELECT id, target FROM sys_invocation WHERE id = 'inv_1aiqX0vFEFNH1Umgre58JiCLgHfTtztYK5'",
}
REFUSED = {
    "no id": "SELECT id FROM sys_invocation WHERE id = 'none'",
    "no table": "SELECT * FROM nowhere",
    "no statement": "SELEKT 1",
    "no select": "DELETE FROM state",
}


def statements(side):
    side.server.ok("/Counter/sql/add", 3)
    for name, text in STATEMENTS.items():
        side.step(f"sql: {name}", "sql", text)
        side.step(f"sql --json: {name}", "sql", "--json", text)
        side.step(f"sql --jsonl: {name}", "sql", "--jsonl", text)
    for name, text in REFUSED.items():
        side.step(f"sql: {name}", "sql", text)


def kafka(side):
    step = side.step
    step("kafka create", "kafka-clusters", "create", "orders", "bootstrap.servers=127.0.0.1:1",
         "sasl.password=secret")
    step("kafka create: again", "kafka-clusters", "create", "orders", "bootstrap.servers=127.0.0.1:1")
    step("kafka create: no brokers", "kafka-clusters", "create", "empty", "client.id=x")
    step("kafka list", "kafka-clusters", "list")
    step("kafka describe", "kafka-clusters", "describe", "orders")
    step("kafka describe: unknown", "kafka-clusters", "describe", "nope")
    step("kafka patch: hidden", "kafka-clusters", "patch", "orders", "--set", "client.id=me")
    step("kafka patch", "kafka-clusters", "patch", "orders", "--set", "client.id=me", "--set", "sasl.password=other")
    step("kafka patch --unset", "kafka-clusters", "patch", "orders", "--unset", "client.id", "--unset",
         "sasl.password")
    step("kafka describe: patched", "kafka-clusters", "describe", "orders")
    step("subscribe", "subscriptions", "create", "kafka://orders/topic", "service://Greeter/greet",
         "group.id=mine")
    subscriptions = side.server.admin_call("GET", "/subscriptions").json()["subscriptions"]
    subscription = side.name(subscriptions[0]["id"], "sub") if subscriptions else "sub_none"
    step("subscribe: no such cluster", "subscriptions", "create", "kafka://nope/topic", "service://Greeter/greet")
    step("subscribe: no such handler", "subscriptions", "create", "kafka://orders/topic", "service://Greeter/nope")
    step("subscriptions list", "subscriptions", "list")
    step("subscriptions list: filter", "subscriptions", "list", "--source", "kafka://orders/topic", "--sink",
         "service://Greeter/greet")
    step("subscriptions list: other", "subscriptions", "list", "--source", "kafka://orders/other")
    step("subscriptions describe", "subscriptions", "describe", subscription)
    step("subscriptions describe: unknown", "subscriptions", "describe", "sub_11wZAZhvkaQXn73yplIceEp")
    step("kafka describe: subscribed", "kafka-clusters", "describe", "orders")
    step("kafka delete: subscribed", "kafka-clusters", "delete", "orders")
    step("unsubscribe", "subscriptions", "delete", subscription)
    step("unsubscribe: again", "subscriptions", "delete", subscription)
    step("kafka delete", "kafka-clusters", "delete", "orders")
    step("kafka delete: again", "kafka-clusters", "delete", "orders")


def rules(side):
    """Wants `experimental-enable-vqueues`."""
    step = side.step
    step("rules list: nothing", "rules", "list")
    step("rules set", "rules", "set", "shop/*", "--concurrency", "2", "--description", "of each shop")
    step("rules set: unlimited", "rules", "set", "vip", "--unlimited")
    step("rules set: disabled", "rules", "set", "late/a", "--concurrency", "1", "--disabled")
    step("rules set: changed", "rules", "set", "shop/*", "--concurrency", "3")
    step("rules set: wrong", "rules", "set", "a/b/c/d/e", "--concurrency", "1")
    step("rules list", "rules", "list")
    step("rules disable", "rules", "disable", "shop/*")
    step("rules disable: already", "rules", "disable", "shop/*")
    step("rules enable", "rules", "enable", "late/a")
    step("rules enable: unknown", "rules", "enable", "nope")
    step("rules list: changed", "rules", "list")
    step("rules delete", "rules", "delete", "vip")
    step("rules delete: again", "rules", "delete", "vip")
    step("rules list: at the end", "rules", "list")


def vqueues(side):
    """Wants `experimental-enable-vqueues`."""
    step, wait = side.step, side.wait
    step("vqueues list: nothing", "vqueues", "list")
    side.server.register(side.services.port)
    assert side.run("rules", "set", "till", "--concurrency", "1")[0] == 0
    path, value = "/restate/scope/till/send/Gauge/hold", {"name": "till", "ms": HOUR_MS}
    first = side.send("first", path, value, "running")
    second = side.send("second", path, value)
    wait(second, "ready", "pending")
    found = re.search(r"vq_\w+", step("vqueues list", "vqueues", "list"))
    queue = found.group(0) if found else "vq_none"
    step("vqueues describe", "vqueues", "describe", queue)
    step("vqueues describe: unknown", "vqueues", "describe", "vq_11HwwxMDrgvP33sRm4B80L79ERnr0JNsXn")
    step("vqueues pause", "vqueues", "pause", queue)
    step("vqueues describe: paused", "vqueues", "describe", queue)
    side.server.admin_call("PATCH", f"/invocations/{first}/kill")
    wait(first, "completed")
    step("invocations list: behind a paused queue", "invocations", "list")
    step("vqueues resume", "vqueues", "resume", queue)
    wait(second, "running")
    step("invocations list: behind a resumed queue", "invocations", "list")
    step("invocations describe: in a scope", "invocations", "describe", second)


def leaving(side, deployment):
    step = side.step
    step("deployments remove --force", "deployments", "remove", deployment, "--force")
    step("deployments remove: unknown", "deployments", "remove", deployment)
    step("deployments list: at the end", "deployments", "list")
    step("services list: at the end", "services", "list")


def play(binary, modules):
    """Every step against this server: name -> [exit code, lines]."""
    with Side(binary, modules) as side:
        deployment = registry(side)
        sent = work(side)
        looking(side, sent, deployment)
        state(side)
        acting(side, sent)
        statements(side)
        kafka(side)
        leaving(side, deployment)
    with Side(binary, modules, {"RESTATE_EXPERIMENTAL_ENABLE_VQUEUES": "true"}) as limited:
        rules(limited)
        vqueues(limited)
    return {**side.steps, **limited.steps}
