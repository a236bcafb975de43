// The services of the recorded SQL answers, written with the official TypeScript SDK.
// usage: node sql_services.mjs <port>

import * as http2 from "node:http2";
import * as restate from "@restatedev/restate-sdk";

const port = Number(process.argv[2]);
const { service, object, workflow, handlers, TerminalError } = restate;

const flakyPolicy = { initialInterval: { hours: 1 }, maxInterval: { hours: 2 } };
const pausingPolicy = { initialInterval: { milliseconds: 10 }, maxAttempts: 2, onMaxAttempts: "pause" };

const greeter = service({
  name: "Greeter",
  handlers: {
    greet: async (_ctx, name) => `Hello ${name}`,
    fail: async () => { throw new TerminalError("it's broken", { errorCode: 418 }); },
    flaky: handlers.handler({ retryPolicy: flakyPolicy }, async () => { throw new Error("transient boom"); }),
    pausing: handlers.handler({ retryPolicy: pausingPolicy }, async (ctx) => {
      await ctx.run("step", () => { throw new Error("step boom"); });
    }),
    slow: async () => new Promise(() => {}),
    steps: async (ctx, input) => {
      const a = await ctx.run("first", () => 1);
      const b = await ctx.run("second", () => ({ x: input }));
      await ctx.sleep(50);
      const r = await ctx.serviceClient({ name: "Greeter" }).greet(input);
      return { a, b, r };
    },
  },
});

const counter = object({
  name: "Counter",
  options: { inactivityTimeout: { milliseconds: 300 } },
  handlers: {
    add: async (ctx, input) => {
      const count = ((await ctx.get("count")) ?? 0) + input;
      ctx.set("count", count);
      ctx.set("meta", { last: input, tag: "é" });
      ctx.set("bin", new Uint8Array([0xff, 0x00, 0x80]), restate.serde.binary);
      return count;
    },
    hold: async (ctx) => {
      const { promise } = ctx.awakeable();
      ctx.set("n", 1);
      await promise;
    },
    get: handlers.object.shared(async (ctx) => ctx.get("count")),
  },
});

const signup = workflow({
  name: "Signup",
  options: { inactivityTimeout: { milliseconds: 300 } },
  handlers: {
    run: async (ctx, user) => {
      ctx.set("user", user);
      await ctx.promise("email");
    },
    approve: handlers.workflow.shared(async (ctx) => {
      await ctx.promise("approved").resolve("yes");
      return 1;
    }),
    reject: handlers.workflow.shared(async (ctx) => {
      await ctx.promise("rejected").reject("no way");
      return 1;
    }),
  },
});

const endpoint = restate.createEndpointHandler({ services: [greeter, counter, signup] });
http2.createServer(endpoint).listen(port, "127.0.0.1");
