// usage: node service.mjs <port>; see sdks_test.py for what the handlers are for

import * as http2 from "node:http2";
import * as restate from "@restatedev/restate-sdk";

let entered = 0; // how often `sleep` was entered, replays included
let steps = 0; // how often its step was executed

const counter = restate.object({
  name: "Counter",
  handlers: {
    add: async (ctx, amount) => {
      const value = ((await ctx.get("value")) ?? 0) + amount;
      ctx.set("value", value);
      return value;
    },
    get: restate.handlers.object.shared(async (ctx) => (await ctx.get("value")) ?? 0),
    remember: async (ctx, id) => ctx.set("awakeable", id),
    remembered: restate.handlers.object.shared(async (ctx) => (await ctx.get("awakeable")) ?? ""),
    resolve: restate.handlers.object.shared(async (ctx, value) =>
      ctx.resolveAwakeable(await ctx.get("awakeable"), value)),
  },
});

const tour = restate.service({
  name: "Tour",
  handlers: {
    run: async (ctx, count) => {
      let sum = 0;
      for (let i = 0; i < count; i++) sum += await ctx.run(`step ${i}`, () => i);
      return sum;
    },
    call: async (ctx, key) => {
      await ctx.objectClient(counter, key).add(2);
      return ctx.objectClient(counter, key).add(3);
    },
    sleep: async (ctx, ms) => {
      entered++;
      const first = await ctx.run("first", () => {
        steps++;
        return entered;
      });
      await ctx.sleep(ms);
      return [first, entered, steps];
    },
    awakeable: async (ctx, key) => {
      const { id, promise } = ctx.awakeable();
      await ctx.objectClient(counter, key).remember(id);
      return promise;
    },
  },
});

const handler = restate.endpoint().bind(counter).bind(tour).http2Handler();
http2
  .createServer((request, response) => {
    console.log(`${request.url} ${request.headers["content-type"]}`);
    handler(request, response);
  })
  .listen(Number(process.argv[2]), "127.0.0.1");
