// The services of the end-to-end tests, written with the official TypeScript SDK.
// usage: node services.mjs <port> [http2 | http1 | https2 | https1 | lambda | goaway] [<certificate> <key>]
// In the mode `lambda` a POST carries an event to a handler for AWS Lambda, and its result comes back.
// In the mode `goaway` connections end all the time, and some requests are refused unread.

import * as http from "node:http";
import * as http2 from "node:http2";
import * as https from "node:https";
import { readFileSync } from "node:fs";
import * as restate from "@restatedev/restate-sdk";
import * as lambda from "@restatedev/restate-sdk/lambda";

const failuresLeft = new Map(); // attempts seen by `flaky`, per invocation

const greeter = restate.service({
  name: "Greeter",
  handlers: {
    greet: async (_ctx, name) => `Hello ${name}!`,
    binary: restate.handlers.handler(
      { input: restate.serde.binary, output: restate.serde.binary },
      async (_ctx, bytes) => new Uint8Array(bytes).reverse(),
    ),
    size: async (_ctx, text) => text.length,
    echo: async (_ctx, value) => value,
  },
});

const runner = restate.service({
  name: "Runner",
  handlers: {
    steps: async (ctx, count) => {
      let sum = 0;
      for (let i = 0; i < count; i++) sum += await ctx.run(`step ${i}`, () => i);
      return sum;
    },
    patient: restate.handlers.handler(
      { retryPolicy: { initialInterval: { milliseconds: 50 }, maxInterval: { milliseconds: 200 },
        maxAttempts: 1000 } },
      async (ctx, count) => {
        let sum = 0;
        for (let i = 0; i < count; i++) sum += await ctx.run(`step ${i}`, () => i);
        return sum;
      },
    ),
    // The first attempt that counts is the last.
    strict: restate.handlers.handler(
      { retryPolicy: { maxAttempts: 1, onMaxAttempts: "kill" } },
      async (ctx, { key, count }) => {
        for (let i = 0; i < count; i++) ctx.objectSendClient(counter, key).add(1);
        return ctx.run("step", () => count);
      },
    ),
    flaky: async (ctx, failures) =>
      ctx.run("flaky", () => {
        const id = ctx.request().id;
        const seen = (failuresLeft.get(id) ?? 0) + 1;
        failuresLeft.set(id, seen);
        if (seen <= failures) throw new Error(`attempt ${seen} fails`);
        return seen;
      }),
    exhausted: async (ctx) => {
      try {
        await ctx.run("never", () => { throw new Error("always"); },
          { maxRetryAttempts: 3, initialRetryInterval: { milliseconds: 10 } });
        return "impossible";
      } catch (error) {
        if (error instanceof restate.TerminalError) return `terminal: ${error.message}`;
        throw error;
      }
    },
    terminal: async () => {
      throw new restate.TerminalError("no such luck", { errorCode: 418 });
    },
    sleep: async (ctx, ms) => {
      await ctx.sleep(ms);
      return "slept";
    },
    call: async (ctx, name) => ctx.serviceClient(greeter).greet(name),
    sends: async (ctx, { key, count }) => {
      for (let i = 0; i < count; i++) ctx.objectSendClient(counter, key).add(1);
    },
    sendLater: async (ctx, { key, ms }) => {
      ctx.objectSendClient(counter, key).add(1, restate.rpc.sendOpts({ delay: ms }));
    },
    awakeable: async (ctx, key) => {
      const { id, promise } = ctx.awakeable();
      ctx.objectSendClient(counter, key).remember(id);
      return promise;
    },
    caught: async (ctx) => {
      try {
        await ctx.sleep(3_600_000);
      } catch (error) {
        if (error instanceof restate.TerminalError) return `caught: ${error.message}`;
        throw error;
      }
      return "impossible";
    },
    parallel: async (ctx) => {
      const results = await restate.RestatePromise.all([
        ctx.run("a", () => "a"),
        ctx.sleep(5).map(() => "b"),
        ctx.serviceClient(greeter).greet("c"),
      ]);
      return results.join(" ");
    },
    traceparent: async (ctx) => ctx.request().attemptHeaders.get("traceparent") ?? null,
    random: async (ctx) => {
      const first = ctx.rand.uuidv4();
      await ctx.sleep(50);
      return first;
    },
  },
});

const counter = restate.object({
  name: "Counter",
  handlers: {
    add: async (ctx, value) => {
      const next = ((await ctx.get("value")) ?? 0) + value;
      ctx.set("value", next);
      return next;
    },
    get: restate.handlers.object.shared(async (ctx) => (await ctx.get("value")) ?? 0),
    clear: async (ctx) => { ctx.clearAll(); },
    keys: restate.handlers.object.shared(async (ctx) => (await ctx.stateKeys()).sort()),
    hold: async (ctx, ms) => {
      ctx.set("held", true);
      await ctx.sleep(ms);
      ctx.clear("held");
      return "held";
    },
    remember: async (ctx, id) => { ctx.set("awakeable", id); },
    remembered: restate.handlers.object.shared(async (ctx) => ctx.get("awakeable")),
    resolve: async (ctx, value) => {
      ctx.resolveAwakeable(await ctx.get("awakeable"), value);
    },
  },
});

const signup = restate.workflow({
  name: "Signup",
  handlers: {
    run: async (ctx, email) => {
      ctx.set("stage", "waiting");
      const code = await ctx.promise("code");
      ctx.set("stage", "done");
      return `${email}: ${code}`;
    },
    confirm: async (ctx, code) => {
      await ctx.promise("code").resolve(code);
      return "thanks";
    },
    stage: async (ctx) => ctx.get("stage"),
    peek: async (ctx) => (await ctx.promise("code").peek()) ?? null,
  },
});

const busy = new Map(); // handlers that run at once now, and at most so far, by name

const gauge = restate.service({
  name: "Gauge",
  handlers: {
    // Answers how many of the same name were at most inside at once until it left.
    hold: async (ctx, { name, ms }) =>
      ctx.run("hold", async () => {
        const entry = busy.get(name) ?? { now: 0, most: 0 };
        busy.set(name, entry);
        entry.most = Math.max(entry.most, ++entry.now);
        await new Promise((done) => setTimeout(done, ms));
        entry.now--;
        return entry.most;
      }),
    broken: restate.handlers.handler(
      { retryPolicy: { initialInterval: { milliseconds: 500 }, maxInterval: { milliseconds: 500 },
        maxAttempts: 1000 } },
      async () => { throw new Error("not today"); },
    ),
  },
});

const [port, mode, certificate, key] = process.argv.slice(2);
const services = [greeter, runner, counter, signup, gauge];
const over1 = mode === "http1" || mode === "https1";
const handler = restate.createEndpointHandler({ services, ...(over1 && { bidirectional: true }) });
const tls = certificate && { cert: readFileSync(certificate), key: readFileSync(key) };

function lambdaServer() {
  const handle = lambda.createEndpointHandler({ services });
  return http.createServer(async (request, response) => {
    const pieces = [];
    for await (const piece of request) pieces.push(piece);
    const event = JSON.parse(Buffer.concat(pieces).toString());
    response.end(JSON.stringify(await handle(event, { awsRequestId: "e2e" })));
  });
}

/// What a load balancer does that drains its connections: every sixth request is refused before anybody
/// looks at it, every fortieth is the last one of its connection, and those behind it are refused.
function goawayServer() {
  let requests = 0, refused = 0, goaways = 0;
  const ended = new WeakSet();
  const server = http2.createServer((request, response) => {
    if (request.url === "/counts") return response.end(JSON.stringify({ refused, goaways }));
    const session = request.stream.session;
    if (request.method !== "POST") return handler(request, response);
    if (ended.has(session) || ++requests % 6 === 0) {
      ++refused;
      return request.stream.close(http2.constants.NGHTTP2_REFUSED_STREAM);
    }
    if (requests % 40 === 0) {
      ++goaways;
      ended.add(session);
      session.goaway(http2.constants.NGHTTP2_NO_ERROR, request.stream.id);
      session.close();
    }
    return handler(request, response);
  });
  return server;
}

const server = {
  lambda: lambdaServer,
  goaway: goawayServer,
  http1: () => http.createServer(handler),
  http2: () => http2.createServer(handler),
  https1: () => https.createServer(tls, handler),
  https2: () => http2.createSecureServer(tls, handler),
}[mode ?? "http2"]();
server.listen(Number(port), "127.0.0.1", () => console.log("ready"));
