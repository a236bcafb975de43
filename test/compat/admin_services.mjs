// The endpoints of the recorded admin exchanges: two that only answer discoveries, one over HTTP/2 and one
// over HTTP/1.1, and two with services written with the official TypeScript SDK.
// usage: node admin_services.mjs <vectors/admin.json>
// Prints a line of JSON, placeholder -> port, once all of them listen.

import * as fs from "node:fs";
import * as http from "node:http";
import * as http2 from "node:http2";
import * as restate from "@restatedev/restate-sdk";

const { service, object, workflow, handlers, TerminalError } = restate;
const fixtures = JSON.parse(fs.readFileSync(process.argv[2])).fixtures;

function discover(request, response) {
  const name = new URL(request.url, "http://localhost").pathname.match(/^\/([^/]+)\/discover$/)?.[1];
  const manifest = fixtures.manifests[name];
  if (!manifest) {
    response.writeHead(404, { "content-type": "text/plain" });
    response.end("no such manifest");
    return;
  }
  response.writeHead(manifest.status ?? fixtures.fake_endpoint.default_status,
    manifest.headers ?? fixtures.fake_endpoint.default_headers);
  response.end(typeof manifest.body === "string" ? manifest.body : JSON.stringify(manifest.body));
}

const greeter = service({
  name: "Greeter",
  metadata: fixtures.sdk_endpoint_a.services.Greeter.metadata,
  handlers: {
    greet: async (ctx, name) => ctx.run("step1", () => `hi ${name}`),
    callCounter: async (ctx, key) => ctx.objectClient({ name: "Counter" }, key).add(1),
    fail: async () => { throw new Error("fail"); },
    term: async () => { throw new TerminalError("term", { errorCode: 418 }); },
    sleeper: async (ctx, ms) => {
      await ctx.sleep(ms || 60000);
      return "slept";
    },
    awk: async (ctx) => ctx.awakeable().promise,
    block: async (ctx) => ctx.run("blk", () => new Promise(() => {})),
  },
});

const counter = object({
  name: "Counter",
  handlers: {
    add: async (ctx, n) => {
      const count = ((await ctx.get("count")) ?? 0) + n;
      ctx.set("count", count);
      ctx.set("other", { a: [1, 2], s: "x" });
      return count;
    },
    get: handlers.object.shared(async (ctx) => (await ctx.get("count")) ?? 0),
    hold: async (ctx, ms) => { await ctx.sleep(ms || 600000); },
  },
});

const wf = workflow({
  name: "Wf",
  handlers: {
    run: async (ctx, input) => {
      const signal = await ctx.promise("sig");
      ctx.set("done", true);
      return `${input}:${signal}`;
    },
    signal: handlers.workflow.shared(async (ctx, value) => { await ctx.promise("sig").resolve(value); }),
  },
});

const extra = service({ name: "Extra", handlers: { ping: async () => "pong" } });

const sdk = (...services) => http2.createServer(restate.createEndpointHandler({ services }));
const servers = {
  "fake-h2c": http2.createServer(discover),
  "fake-h1": http.createServer(discover),
  "sdk-a": sdk(greeter, counter, wf),
  "sdk-b": sdk(greeter, counter, wf, extra),
};
const ports = {};
for (const [name, server] of Object.entries(servers)) {
  await new Promise((listening) => { server.listen(0, "127.0.0.1", listening); });
  ports[name] = server.address().port;
}
console.log(JSON.stringify(ports));
