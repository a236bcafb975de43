// The services of the recorded ingress exchanges, written with the official TypeScript SDK. What they
// declare is taken from the recording, because SDKs fill in more than was declared; here is what they do.
// usage: node ingress_services.mjs <port> <vectors/ingress.json>

import * as fs from "node:fs";
import * as http2 from "node:http2";
import * as restate from "@restatedev/restate-sdk";

const [port, recording] = process.argv.slice(2);
const { service, object, workflow, handlers, serde, TerminalError } = restate;
const shared = handlers.object.shared;
const workflowShared = handlers.workflow.shared;

const counters = new Map();
const values = new Map();

function bump(name) {
  counters.set(name, (counters.get(name) ?? 0) + 1);
  return counters.get(name);
}

const bytes = handlers.handler({ input: serde.binary, output: serde.binary }, async (_ctx, input) => input);
const nothing = async () => {};

function failWith(message) {
  return async (_ctx, input) => {
    throw new TerminalError(input?.message ?? message,
      { errorCode: input?.code ?? 500, metadata: input?.metadata });
  };
}

async function awaitAwakeable(ctx, name, valueSerde) {
  const awakeable = ctx.awakeable(valueSerde);
  await ctx.run("store", () => { values.set(name, awakeable.id); });
  return awakeable.promise;
}

const svc = service({
  name: "Svc",
  handlers: {
    echo: async (_ctx, input) => input,
    noInput: async () => "no-input",
    nothing,
    empty: handlers.handler({ input: serde.empty, output: serde.empty }, nothing),
    raw: bytes,
    octet: bytes,
    text: bytes,
    emptyCt: bytes,
    schema: async (_ctx, input) => input,
    headers: async (ctx, input) => ({
      input: input ?? null,
      headers: [...ctx.request().headers.entries()],
      attempt: [...ctx.request().attemptHeaders.keys()].sort(),
    }),
    fail: failWith("boom"),
    failDefault: async () => { throw new TerminalError("plain terminal"); },
    cancelMe: async () => { throw new restate.CancelledError(); },
    sleep: async (ctx, n) => {
      await ctx.sleep(n);
      return `slept ${n}`;
    },
    count: async (_ctx, name) => bump(name),
    mem: async (_ctx, name) => values.get(name) ?? null,
    awake: async (ctx, name) => {
      try {
        return { resolved: await awaitAwakeable(ctx, name) };
      } catch (e) {
        if (!(e instanceof TerminalError)) throw e;
        return { rejected: { message: e.message, code: e.code, name: e.name, metadata: e.metadata ?? {} } };
      }
    },
    awakeRaw: handlers.handler({ output: serde.binary },
      async (ctx, name) => awaitAwakeable(ctx, name, serde.binary)),
    flaky: async (_ctx, name) => {
      const n = bump(`flaky ${name}`);
      if (n < 3) throw new Error("flaky");
      return n;
    },
    stuck: async () => { throw new Error("stuck"); },
    hidden: async () => "hidden",
    callHidden: async (ctx) => ctx.serviceClient({ name: "Svc" }).hidden(),
    shortIdem: async (_ctx, name) => bump(name),
    zeroIdem: async (_ctx, name) => bump(name),
  },
});

const obj = object({
  name: "Obj",
  handlers: {
    add: async (ctx, n) => {
      const sum = ((await ctx.get("c")) ?? 0) + n;
      ctx.set("c", sum);
      return sum;
    },
    get: shared(async (ctx) => (await ctx.get("c")) ?? 0),
    key: shared(async (ctx) => ctx.key),
    block: async (ctx, n) => {
      await ctx.sleep(n);
      return ctx.key;
    },
    send: async (ctx, input) => ["handler named send", ctx.key, input ?? null],
    fail: failWith("obj boom"),
    hidden: async () => "hidden",
  },
});

const wf = workflow({
  name: "Wf",
  handlers: {
    run: async (ctx, input) => {
      ctx.set("k", ctx.key);
      if (input?.fail) throw new TerminalError("wf failed", { errorCode: input.fail });
      return input?.wait ? { got: await ctx.promise("p") } : { done: input ?? null };
    },
    resolve: workflowShared(async (ctx, value) => {
      await ctx.promise("p").resolve(value);
      return "ok";
    }),
    reject: workflowShared(async (ctx, value) => {
      await ctx.promise("p").reject(value);
      return "ok";
    }),
    peek: workflowShared(async (ctx) => (await ctx.promise("p").peek()) ?? null),
    query: workflowShared(async (ctx) => (await ctx.get("k")) ?? null),
  },
});

const services = [
  svc,
  obj,
  wf,
  workflow({
    name: "WfShort",
    handlers: { run: async (ctx) => bump(`wfs ${ctx.key}`), ping: workflowShared(async () => "pong") },
  }),
  service({ name: "PrivSvc", handlers: { hi: async () => "hi" } }),
  service({ name: "my.pkg.Dotted-Svc_1", handlers: { hi: async (_ctx, input) => input ?? "hi" } }),
  service({ name: "send", handlers: { send: async (_ctx, input) => ["svc send", input ?? null] } }),
  service({ name: "KSvc", handlers: { on: nothing, slow: nothing, json: nothing, hidden: nothing } }),
  object({ name: "KObj", handlers: { on: nothing } }),
  workflow({ name: "KWf", handlers: { run: nothing, ev: nothing } }),
];

// Anything but an object in the recording says "none" in words.
const payload = (declared) => (typeof declared === "string" ? {} : { ...declared });

function manifestOf(recorded) {
  const out = { name: recorded.name, ty: recorded.type, handlers: [] };
  if (recorded.ingressPrivate) out.ingressPrivate = true;
  for (const h of recorded.handlers) {
    const handler = { name: h.name, input: payload(h.input), output: payload(h.output) };
    if (h.jsonSchema) {
      const schema = {
        type: "object", title: "Person", properties: { name: { type: "string" } }, required: ["name"],
      };
      handler.input.jsonSchema = schema;
      handler.output.jsonSchema = schema;
    }
    if (h.kind) handler.ty = h.kind;
    if (h.ingressPrivate) handler.ingressPrivate = true;
    if (h.idempotencyRetention_ms !== undefined) handler.idempotencyRetention = h.idempotencyRetention_ms;
    if (recorded.workflowRetention_ms !== undefined && h.kind === "WORKFLOW") {
      handler.workflowCompletionRetention = recorded.workflowRetention_ms;
    }
    out.handlers.push(handler);
  }
  return out;
}

const manifest = JSON.stringify({
  protocolMode: "BIDI_STREAM", minProtocolVersion: 5, maxProtocolVersion: 7,
  services: JSON.parse(fs.readFileSync(recording)).service.services.map(manifestOf),
});
const handle = restate.createEndpointHandler({ services });
http2.createServer((request, response) => {
  if (!request.url.endsWith("/discover")) return handle(request, response);
  response.writeHead(200, {
    "content-type": "application/vnd.restate.endpointmanifest.v4+json",
    "x-restate-server": "restate-sdk-typescript/1.17.2",
  });
  response.end(manifest);
}).listen(Number(port), "127.0.0.1");
