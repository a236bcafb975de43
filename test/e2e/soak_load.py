"""The soak's load: everything that clients do, at a steady rate, with an account of every piece of it.

A piece of work is a generator: it talks HTTP and yields the seconds until its next look. Requests whose
answer was cut off are sent again under the same idempotency key, so that a restart leaves no doubt about
what should have happened: counters are compared for equality, not for bounds. Only `add_once` has no
key, as most clients have none, and its counters have bounds.
"""

import heapq
import http.client
import itertools
import json
import random
import threading
import time

KEYS = 32
HELD_KEYS = 8          # objects whose holders are killed
WORKERS = 24           # requests at a time
MOST_IN_FLIGHT = 4000  # beyond it nothing new is started, and the run says so
BUSY = (429, 503)      # try again, says the server
CUT_OFF = (OSError, http.client.HTTPException)

# How often each kind of work comes, of 100.
MIX = {"noop": 12, "add": 12, "add_once": 8, "add_sent": 10, "add_delayed": 8, "sends": 4, "sends_later": 4,
       "steps": 8, "call": 6, "sleep": 8, "awakeable": 6, "workflow": 5, "cancel": 3, "kill": 3, "pause": 3}


class Client(threading.local):
    """One thread's connections, kept open from request to request."""

    def __init__(self):
        self.connections = {}

    def request(self, port, method, path, value=None, headers=None):
        connection = self.connections.get(port)
        if connection is None:
            connection = self.connections[port] = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        body = None if value is None else json.dumps(value)
        headers = {"content-type": "application/json", **(headers or {})} if body else headers or {}
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            return response.status, response.read()
        except CUT_OFF:
            connection.close()
            del self.connections[port]
            raise


class Wrong(Exception):
    """What was observed must never be."""


class Load:
    def __init__(self, server, rate, seed):
        self.server, self.rate, self.rng = server, rate, random.Random(seed)
        self.client = Client()
        self.run_id = f"{seed:x}"
        self.serial = itertools.count(1)
        self.changed = threading.Condition()
        self.queue = []  # (when, serial, kind, generator), a heap
        self.strict = dict.fromkeys(range(KEYS), 0)        # counter -> its value
        self.once = {key: [0, 0] for key in range(KEYS)}   # counter -> acknowledged, sent
        self.started, self.finished = dict.fromkeys(MIX, 0), dict.fromkeys(MIX, 0)
        self.open = {}         # serial -> (kind, started at)
        self.settled = []      # invocations that ended and left a row behind
        self.problems = []
        self.held_back = 0
        self.requests = 0
        self.producing, self.working = True, True
        self.threads = [threading.Thread(target=self.produce, daemon=True)]
        self.threads += [threading.Thread(target=self.work, daemon=True) for _ in range(WORKERS)]

    def start(self):
        for thread in self.threads:
            thread.start()

    def produce(self):
        """Starts pieces of work at a steady rate, whatever became of earlier ones."""
        kinds, weights = list(MIX), list(MIX.values())
        due = time.monotonic()
        while self.producing:
            due += 1 / self.rate
            time.sleep(max(0, due - time.monotonic()))
            if len(self.open) >= MOST_IN_FLIGHT:
                self.held_back += 1
                continue
            kind = self.rng.choices(kinds, weights)[0]
            serial = next(self.serial)
            with self.changed:
                self.started[kind] += 1
                self.open[serial] = (kind, time.monotonic())
                work = getattr(self, kind)(serial, random.Random(f"{self.run_id} {serial}"))
                heapq.heappush(self.queue, (time.monotonic(), serial, kind, work))
                self.changed.notify()

    def work(self):
        while self.working:
            with self.changed:
                wait = self.queue[0][0] - time.monotonic() if self.queue else 1
                if wait > 0:
                    self.changed.wait(min(wait, 1))
                    continue
                _, serial, kind, work = heapq.heappop(self.queue)
            self.go_on(serial, kind, work)

    def go_on(self, serial, kind, work):
        pause = None
        try:
            pause = next(work)
        except StopIteration:
            pass
        except Exception as error:  # of a checker as well: then the test is broken, and says so
            with self.changed:
                self.problems.append(f"{kind} {serial}: {error!r}")
        with self.changed:
            if pause is None:
                self.finished[kind] += 1
                del self.open[serial]
            else:
                heapq.heappush(self.queue, (time.monotonic() + pause, serial, kind, work))
                self.changed.notify()

    # --- Requests, repeated until they are answered ---

    def ask(self, port, method, path, value=None, headers=None):
        """Repeats the request until the server answers; only for what may be repeated."""
        while True:
            try:
                self.requests += 1
                status, body = self.client.request(port(), method, path, value, headers)
                if status not in BUSY:
                    return status, body
            except CUT_OFF:
                pass
            yield 0.3

    def repeat(self, path, value=None, headers=None):
        """What the ingress answers to a request that is the same however often it comes."""
        status, body = yield from self.ask(lambda: self.server.ingress, "POST", path, value, headers)
        if status not in (200, 202):
            raise Wrong(f"POST {path} answers {status} {body[:300]!r}")
        return body

    def post(self, serial, path, value, part=""):
        """A call or a send under an idempotency key; returns the answer."""
        body = yield from self.repeat(path, value, {"idempotency-key": f"{self.run_id}-{serial}{part}"})
        return json.loads(body) if body else None

    def operate(self, invocation, verb):
        """cancel, kill, pause, resume; whether it applied shows in what becomes of the invocation."""
        status, body = yield from self.ask(lambda: self.server.admin, "PATCH",
                                           f"/invocations/{invocation}/{verb}")
        if status >= 500:
            raise Wrong(f"{verb} {invocation} answers {status} {body[:300]!r}")

    def settle(self, invocation, meanwhile=None, may_be_gone=False):
        """Waits for the end of the invocation; returns status and body of its output."""
        path, pause = f"/restate/invocation/{invocation}/output", 0.1
        while True:
            status, body = yield from self.ask(lambda: self.server.ingress, "GET", path)
            if status == 404 and not may_be_gone:
                raise Wrong(f"lost: {invocation} is not known")
            if status != 470:
                if status != 404:
                    self.settled.append(invocation)
                return status, body
            if meanwhile and pause >= 0.8:
                yield from meanwhile()
            yield pause
            pause = min(2 * pause, 1.6)

    def expect(self, invocation, expected, meanwhile=None):
        status, body = yield from self.settle(invocation, meanwhile)
        if status != 200 or json.loads(body) != expected:
            raise Wrong(f"{invocation} ended with {status} {body[:300]!r}, not {expected!r}")

    def send(self, serial, path, value, part=""):
        answer = yield from self.post(serial, path, value, part)
        return answer["invocationId"]

    def account(self, key, count):
        with self.changed:
            self.strict[key] += count

    # --- The kinds of work ---

    def noop(self, serial, rng):
        answer = yield from self.post(serial, "/Greeter/greet", f"n{serial}")
        if answer != f"Hello n{serial}!":
            raise Wrong(f"a noop returned {answer!r}")

    def add(self, serial, rng):
        key = rng.randrange(KEYS)
        self.account(key, 1)
        yield from self.post(serial, f"/Counter/strict{key}/add", 1)

    def add_once(self, serial, rng):
        key = rng.randrange(KEYS)
        with self.changed:
            self.once[key][1] += 1
        try:
            self.requests += 1
            status, _ = self.client.request(self.server.ingress, "POST", f"/Counter/once{key}/add", 1)
        except CUT_OFF:
            return  # it may have happened
        if status == 200:
            with self.changed:
                self.once[key][0] += 1
        yield 0

    def add_sent(self, serial, rng):
        key = rng.randrange(KEYS)
        self.account(key, 1)
        invocation = yield from self.send(serial, f"/Counter/strict{key}/add/send", 1)
        yield from self.settle(invocation)

    def add_delayed(self, serial, rng):
        key = rng.randrange(KEYS)
        self.account(key, 1)
        delay = rng.randrange(200, 20_000)
        path = f"/Counter/strict{key}/add/send?delay={delay}ms"
        invocation = yield from self.send(serial, path, 1)
        yield delay / 1000
        yield from self.settle(invocation)

    def sends(self, serial, rng):
        key = rng.randrange(KEYS)
        self.account(key, 5)
        yield from self.post(serial, "/Runner/sends", {"key": f"strict{key}", "count": 5})

    def sends_later(self, serial, rng):
        key = rng.randrange(KEYS)
        self.account(key, 1)
        yield from self.post(serial, "/Runner/sendLater",
                             {"key": f"strict{key}", "ms": rng.randrange(100, 5000)})

    def steps(self, serial, rng):
        invocation = yield from self.send(serial, "/Runner/steps/send", 10)
        yield from self.expect(invocation, 45)

    def call(self, serial, rng):
        invocation = yield from self.send(serial, "/Runner/call/send", f"c{serial}")
        yield from self.expect(invocation, f"Hello c{serial}!")

    def sleep(self, serial, rng):
        duration = rng.randrange(100, 5000)
        invocation = yield from self.send(serial, "/Runner/sleep/send", duration)
        yield duration / 1000
        yield from self.expect(invocation, "slept")

    def awakeable(self, serial, rng):
        key = f"aw{serial}"
        invocation = yield from self.send(serial, "/Runner/awakeable/send", key)
        body = b"null"
        while body == b"null":
            yield 0.2
            body = yield from self.repeat(f"/Counter/{key}/remembered")
        yield rng.choice([0, 0, 2])  # the handler is still there, or suspended
        yield from self.repeat(f"/restate/awakeables/{json.loads(body)}/resolve", f"answer {serial}")
        yield from self.expect(invocation, f"answer {serial}")
        yield from self.post(serial, f"/Counter/{key}/clear", None, "-clear")

    def workflow(self, serial, rng):
        # A workflow's key is its idempotency: a run that is sent again is the one that there is.
        path = f"/Signup/{self.run_id}-{serial}"
        body = yield from self.repeat(f"{path}/run/send", f"w{serial}")
        yield rng.choice([0, 0.5, 2])
        yield from self.post(serial, f"{path}/confirm", f"{serial}", "-confirm")
        yield from self.expect(json.loads(body)["invocationId"], f"w{serial}: {serial}")

    def cancel(self, serial, rng):
        invocation = yield from self.send(serial, "/Runner/caught/send", None)
        yield rng.choice([0, 0.3, 2])
        yield from self.operate(invocation, "cancel")
        status, body = yield from self.settle(invocation)
        # Before the handler's first await there is nothing that could catch it.
        if not (status == 200 and body.startswith(b'"caught: ') or status == 409):
            raise Wrong(f"cancelled {invocation} ended with {status} {body[:300]!r}")

    def kill(self, serial, rng):
        key = f"held{rng.randrange(HELD_KEYS)}"
        invocation = yield from self.send(serial, f"/Counter/{key}/hold/send", 3_600_000)
        yield rng.choice([0, 0.3, 2])
        yield from self.operate(invocation, "kill")
        # One that still waited for its turn leaves nothing behind.
        status, body = yield from self.settle(invocation, may_be_gone=True)
        if status not in (404, 409):
            raise Wrong(f"killed {invocation} ended with {status} {body[:300]!r}")

    def pause(self, serial, rng):
        invocation = yield from self.send(serial, "/Runner/sleep/send", rng.randrange(1000, 4000))
        yield rng.choice([0, 0.3, 1.5])
        yield from self.operate(invocation, "pause")
        yield 1
        # A pause may take effect only when an attempt ends: resume until the invocation has ended.
        yield from self.operate(invocation, "resume")
        yield from self.expect(invocation, "slept", lambda: self.operate(invocation, "resume"))

    # --- The end ---

    def drain(self, seconds):
        """Starts nothing more and waits for what has been started."""
        self.producing = False
        deadline = time.monotonic() + seconds
        while self.open and time.monotonic() < deadline:
            time.sleep(0.2)
        now = time.monotonic()
        with self.changed:
            self.problems += [f"stuck: {kind} {serial} for {now - start:.0f} s"
                              for serial, (kind, start) in self.open.items()]
        self.working = False
        for thread in self.threads:
            thread.join(70)

    def check_counters(self, seconds):
        """Compares every counter with the account; work sent by handlers may take a little longer."""
        deadline = time.monotonic() + seconds
        left = dict(self.strict)
        while True:
            values = {key: self.server.ok(f"/Counter/strict{key}/get") for key in left}
            left = {key: self.strict[key] for key, value in values.items() if value != self.strict[key]}
            if not left or time.monotonic() > deadline:
                break
            time.sleep(1)
        for key, expected in left.items():
            word = "doubled" if values[key] > expected else "lost"
            self.problems.append(f"{word}: counter strict{key} is {values[key]}, not {expected}")
        for key, (acknowledged, sent) in self.once.items():
            value = self.server.ok(f"/Counter/once{key}/get")
            if not acknowledged <= value <= sent:
                word = "lost" if value < acknowledged else "doubled"
                self.problems.append(f"{word}: counter once{key} is {value}, "
                                     f"acknowledged {acknowledged}, sent {sent}")

    def check_retention(self, seconds, sample=300):
        """What ended is forgotten once its retention is over; returns how many were asked about."""
        left = self.rng.sample(self.settled, min(sample, len(self.settled)))
        asked, deadline = len(left), time.monotonic() + seconds
        while left and time.monotonic() < deadline:
            left = [invocation for invocation in left if self.server.output(invocation).status != 404]
            time.sleep(1 if left else 0)
        self.problems += [f"kept: {invocation} is still known" for invocation in left]
        return asked
