// Replays recorded exchanges of the service protocol: it is the endpoint of each of them, sends the
// requests that led to it, says what the endpoint said, and compares what the server says.
// usage: node protocol_endpoint.mjs <ingress port> <admin port> <protocol version> <recording> [name...]
// Prints a line of JSON for each exchange: {name, differences}.

import * as fs from "node:fs";
import * as http from "node:http";
import * as http2 from "node:http2";

const [ingress, admin, version, recording, ...wanted] = process.argv.slice(2);
const PROTOCOL = Number(version);
const ID = /inv_1[0-9A-Za-z]{33}/g;
const ULID = /^[0-9A-HJKMNP-TV-Z]{26}$/;
const PATIENCE_MS = 10_000;
// Fields of StartMessage.
const DURATION = 8;
const SEED = 9;
const IDEMPOTENCY_KEY = 12;

const header = (stream, name) => stream.request.headers.find(([n]) => n === name)?.[1];
const latin1 = (hex) => Buffer.from(hex, "hex").toString("latin1");
const framesOf = (stream, dir) => stream.events.filter((event) => event.dir === dir);

function varint(value) {
  const bytes = [];
  for (let rest = BigInt(value); ; rest >>= 7n) {
    if (rest < 128n) return Buffer.from([...bytes, Number(rest)]).toString("latin1");
    bytes.push(Number(rest & 127n) | 128);
  }
}

// The fields of one message, as [number, value] in latin1.
function fieldsOf(payload) {
  let at = 0;
  const number = () => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = payload.charCodeAt(at++);
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  const fields = [];
  while (at < payload.length) {
    const key = number();
    let from = at;
    if (key % 8 === 0) {
      number();
    } else if (key % 8 === 2) {
      const length = number();
      from = at;
      at += length;
    } else {
      throw new Error(`wire type ${key % 8}`);
    }
    fields.push([key >> 3, payload.slice(from, at)]);
  }
  return fields;
}

// What is ours on the left, what was recorded on the right; both are equally long, so that they can be
// replaced inside messages.
class Names {
  pairs = [];

  bind(live, recorded) {
    if (!this.pairs.some(([l, r]) => l === live && r === recorded)) this.pairs.push([live, recorded]);
  }
  hasRecorded(text) {
    return this.pairs.some(([, recorded]) => recorded === text);
  }
  toLive(text) {
    return this.pairs.reduce((t, [live, recorded]) => t.replaceAll(recorded, live), text);
  }
  toRecorded(text) {
    return this.pairs.reduce((t, [live, recorded]) => t.replaceAll(live, recorded), text);
  }
}

class Exchange {
  constructor(recorded) {
    this.recorded = recorded;
    this.names = new Names();
    this.open = [...recorded.streams];
    this.differences = [];
    this.finished = new Promise((resolve) => { this.finish = resolve; });
    this.running = 0;
    this.bindTimes();
  }

  // Sleeps end soon, in the order in which they ended.
  bindTimes() {
    const times = this.recorded.streams.flatMap((s) => framesOf(s, "E->S"))
      .map((event) => event.decoded.wakeUpTime).filter(Boolean).map(Number);
    for (const time of times) {
      this.names.bind(varint(Date.now() + 400 + time - Math.min(...times)), varint(time));
    }
  }

  // Ids as text and as bytes, and the first awakeable.
  bindId(live, recorded, liveBytes, recordedBytes) {
    this.names.bind(live, recorded);
    if (liveBytes === undefined) return;
    const awakeable = (bytes) => Buffer.from(`${bytes}\0\0\0\x11`, "latin1").toString("base64url");
    this.names.bind(awakeable(liveBytes), awakeable(recordedBytes));
    this.names.bind(liveBytes, recordedBytes);
  }

  differs(what) {
    this.differences.push(what);
  }

  async accept(stream, headers) {
    const key = headers["x-restate-service-key"];
    const index = this.open.findIndex((s) => s.request.path === headers[":path"] &&
      header(s, "x-restate-service-key") === key);
    if (index < 0) {
      this.differs(`an attempt too many: ${headers[":path"]}`);
      stream.close();
      return;
    }
    const [recorded] = this.open.splice(index, 1);
    const name = `${headers[":path"]} (${this.recorded.streams.indexOf(recorded)})`;
    ++this.running;
    try {
      this.bindId(headers["x-restate-invocation-id"], header(recorded, "x-restate-invocation-id"));
      this.compareHead(name, recorded, headers);
      await this.play(name, recorded, stream);
    } catch (error) {
      this.differs(`${name}: ${error.message}`);
      stream.close();
    }
    --this.running;
    if (this.open.length === 0 && this.running === 0) this.finish();
  }

  compareHead(name, recorded, headers) {
    for (const [header, value] of recorded.request.headers) {
      const actual = this.names.toRecorded(headers[header] ?? "");
      if (header !== ":authority" && actual !== value) this.differs(`${name}: ${header}: ${headers[header]}`);
    }
    for (const header of Object.keys(headers)) {
      if (!recorded.request.headers.some(([n]) => n === header)) this.differs(`${name}: ${header} too many`);
    }
  }

  async play(name, recorded, stream) {
    const reader = new FrameReader(stream);
    stream.respond({ ":status": 200, "content-type": header(recorded, "content-type"), "x-restate-server": "test/1" });
    const last = recorded.events.findLastIndex((event) => event.dir === "E->S");
    for (const [index, event] of recorded.events.entries()) {
      if (event.dir === "E->S") {
        stream.write(Buffer.from(this.names.toLive(latin1(event.frame_hex)), "latin1"));
        if (index === last) stream.end();
      } else if (event.dir === "S->E") {
        const frame = await reader.next();
        if (frame === null) throw new Error(`the stream ends before ${event.message}`);
        this.compare(`${name}: ${event.message}`, latin1(event.frame_hex), frame);
      } else if (event.event === "request body END_STREAM") {
        if ((await reader.next()) !== null) throw new Error("a frame too many");
      }
    }
  }

  compare(name, expected, frame) {
    const isStart = expected.slice(0, 2) === "\0\0";
    if (isStart && frame.slice(0, 2) === "\0\0") return this.compareStart(name, expected, frame);
    // An id that we see for the first time stands where the recorded one stood.
    const ours = this.names.toRecorded(frame).match(ID) ?? [];
    const recorded = expected.match(ID) ?? [];
    ours.forEach((id, index) => {
      if (recorded[index] && !recorded.includes(id) && !this.names.hasRecorded(id)) {
        this.bindId(id, recorded[index]);
      }
    });
    const actual = this.names.toRecorded(frame);
    if (actual !== expected) {
      this.differs(`${name}: ${JSON.stringify(actual)}, recorded ${JSON.stringify(expected)}`);
    }
  }

  compareStart(name, expected, frame) {
    const live = new Map(fieldsOf(frame.slice(8)));
    const recorded = new Map(fieldsOf(expected.slice(8)));
    this.bindId(live.get(2), recorded.get(2), live.get(1), recorded.get(1));
    for (const field of new Set([...live.keys(), ...recorded.keys()])) {
      const [mine, theirs] = [this.names.toRecorded(live.get(field) ?? ""), recorded.get(field) ?? ""];
      // Time passes, and seeds follow from ids, which other tests look at.
      if (field === DURATION || field === SEED) continue;
      // The ingress invents one where there is none.
      if (field === IDEMPOTENCY_KEY && ULID.test(mine) && ULID.test(theirs)) continue;
      if (mine !== theirs) this.differs(`${name}: field ${field}: ${JSON.stringify([mine, theirs])}`);
    }
  }
}

class FrameReader {
  constructor(stream) {
    this.chunks = stream[Symbol.asyncIterator]();
    this.buffer = Buffer.alloc(0);
  }

  async more() {
    let timer;
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error("nothing came")), PATIENCE_MS);
    });
    const { done, value } = await Promise.race([this.chunks.next(), late]).finally(() => clearTimeout(timer));
    if (!done) this.buffer = Buffer.concat([this.buffer, value]);
    return !done;
  }

  // One frame in latin1, or null at the end.
  async next() {
    while (this.buffer.length < 8 || this.buffer.length < 8 + this.buffer.readUInt32BE(4)) {
      if (!(await this.more())) return null;
    }
    const size = 8 + this.buffer.readUInt32BE(4);
    const frame = this.buffer.subarray(0, size).toString("latin1");
    this.buffer = this.buffer.subarray(size);
    return frame;
  }
}

function send(port, method, path, headers, body) {
  return new Promise((resolve, reject) => {
    const request = http.request({ host: "127.0.0.1", port, method, path, headers }, (response) => {
      response.resume();
      response.on("end", () => resolve(response));
    });
    request.on("error", reject);
    request.end(body);
  });
}

// The requests that a client sent: those whose input says which path they came by.
async function sendRequests(exchange) {
  const seen = new Set();
  for (const stream of exchange.recorded.streams) {
    const input = stream.events.find((event) => event.message === "InputCommandMessage")?.decoded;
    const path = input?.headers?.find((h) => h.key === "x-restate-ingress-path")?.value;
    const id = header(stream, "x-restate-invocation-id");
    if (path === undefined || seen.has(id)) continue;
    seen.add(id);
    const headers = Object.fromEntries(input.headers.slice(1).map((h) => [h.key, h.value]));
    const body = shared.toLive(input.value.content.$utf8);
    if (body === "ra") headers["idempotency-key"] = "ikA";  // a later exchange attaches by it
    const response = await send(ingress, "POST", path, headers, body);
    shared.bind(response.headers["x-restate-id"], id);
    if (path.endsWith("/send")) await cancelSoon(exchange, response.headers["x-restate-id"]);
  }
}

// Cancels once the handler runs. It was recorded that it does not listen.
async function cancelSoon(exchange, id) {
  while (exchange.running === 0) await new Promise((resolve) => { setTimeout(resolve, 10); });
  await send(admin, "PATCH", `/invocations/${id}/cancel`, {});
  await exchange.finished;
  await send(admin, "PATCH", `/invocations/${id}/kill`, {});
}

// Ids of earlier exchanges, which later ones mention.
const shared = new Names();
let current;

const manifest = {
  protocolMode: "BIDI_STREAM", minProtocolVersion: 5, maxProtocolVersion: PROTOCOL,
  services: [
    { name: "Raw", ty: "SERVICE", handlers: [{ name: "echo" }, { name: "script" }] },
    { name: "RawObj", ty: "VIRTUAL_OBJECT",
      handlers: [{ name: "script", ty: "EXCLUSIVE" }, { name: "excl", ty: "EXCLUSIVE" }] },
    { name: "RawWf", ty: "WORKFLOW", handlers: [{ name: "run", ty: "WORKFLOW" }, { name: "script", ty: "SHARED" }] },
  ],
};

const server = http2.createServer();
server.on("stream", (stream, headers) => {
  stream.on("error", () => {});
  if (headers[":path"] === "/discover") {
    stream.respond({ ":status": 200, "content-type": "application/vnd.restate.endpointmanifest.v4+json" });
    stream.end(JSON.stringify(manifest));
  } else {
    current.accept(stream, headers);
  }
});
await new Promise((resolve) => { server.listen(0, "127.0.0.1", resolve); });
const registered = await send(admin, "POST", "/deployments", { "content-type": "application/json" },
  JSON.stringify({ uri: `http://127.0.0.1:${server.address().port}` }));
if (registered.statusCode !== 201) throw new Error(`registration: ${registered.statusCode}`);

for (const recorded of JSON.parse(fs.readFileSync(recording)).exchanges) {
  if (recorded.protocol_version !== PROTOCOL || (wanted.length > 0 && !wanted.includes(recorded.name))) continue;
  current = new Exchange(recorded);
  current.names.pairs.push(...shared.pairs);
  const late = new Promise((resolve) => { setTimeout(resolve, 2 * PATIENCE_MS, "late"); });
  const all = Promise.all([sendRequests(current), current.finished]);
  if ((await Promise.race([all, late])) === "late") {
    current.differs(`${current.open.length} attempts were not made`);
  }
  shared.pairs.push(...current.names.pairs);
  console.log(JSON.stringify({ name: recorded.name, differences: current.differences }));
}
process.exit(0);
