// A small shop, written with the official TypeScript SDK: something for the page to show.
// usage: node services.mjs <port>

import * as http2 from "node:http2";
import * as restate from "@restatedev/restate-sdk";

const patient = (more = {}) => ({
  retryPolicy: {
    initialInterval: { milliseconds: 100 },
    maxInterval: { seconds: 1 },
    exponentiationFactor: 2,
    maxAttempts: 10_000,
    ...more,
  },
});
// Soon suspended, so that one sees it.
const options = { inactivityTimeout: { milliseconds: 500 } };
const handler = restate.handlers.handler;

const seen = new Map(); // attempts of `charge`, per invocation

const payment = restate.service({
  name: "Payment",
  options,
  handlers: {
    charge: handler(patient(), async (ctx, { amount, failures }) => {
      const receipt = await ctx.run("charge card", () => {
        const id = ctx.request().id;
        const attempt = (seen.get(id) ?? 0) + 1;
        seen.set(id, attempt);
        if (attempt <= failures) throw new Error(`card processor timed out (attempt ${attempt})`);
        return { receipt: `r-${amount}`, amount, currency: "EUR" };
      });
      return receipt;
    }),
    // Never works, and never gives up.
    refund: handler(patient({ maxInterval: { seconds: 30 }, initialInterval: { seconds: 20 } }), async (ctx) =>
      ctx.run("refund card", () => {
        throw new Error("card processor answered 503 Service Unavailable");
      }),
    ),
    // Gives up after two attempts and waits for a person.
    payout: handler(patient({ maxAttempts: 2, onMaxAttempts: "pause" }), async (ctx) => {
      await ctx.run("read ledger", () => ({ balance: 1200 }));
      await ctx.run("transfer", () => {
        throw new Error("account is blocked: ask the bank");
      });
    }),
    decline: async (_ctx, { reason }) => {
      throw new restate.TerminalError(reason, { errorCode: 402 });
    },
  },
});

const email = restate.service({
  name: "Email",
  options,
  handlers: {
    send: async (ctx, { to, subject }) => {
      await ctx.run("render template", () => `<h1>${subject}</h1>`);
      await ctx.run("hand over to relay", () => ({ accepted: [to] }));
      return { to, status: "sent" };
    },
  },
});

const cart = restate.object({
  name: "Cart",
  options,
  handlers: {
    add: async (ctx, item) => {
      const items = (await ctx.get("items")) ?? [];
      items.push(item);
      ctx.set("items", items);
      ctx.set("updated", new Date(await ctx.date.now()).toISOString());
      return items.length;
    },
    get: restate.handlers.object.shared(async (ctx) => (await ctx.get("items")) ?? []),
    // Keeps its key for a while.
    reserve: async (ctx, ms) => {
      ctx.set("reserved", true);
      await ctx.sleep(ms);
      ctx.clear("reserved");
      return "released";
    },
    empty: async (ctx) => ctx.clearAll(),
  },
});

const checkout = restate.service({
  name: "Checkout",
  options,
  handlers: {
    place: async (ctx, { customer, amount, failures }) => {
      const items = await ctx.objectClient(cart, customer).get();
      const receipt = await ctx.serviceClient(payment).charge({ amount, failures: failures ?? 0 });
      await ctx.sleep(200);
      ctx.serviceSendClient(email).send({ to: `${customer}@example.com`, subject: "Thank you" });
      return { order: ctx.rand.uuidv4().slice(0, 8), items: items.length, receipt };
    },
  },
});

const report = restate.service({
  name: "Report",
  handlers: {
    // One long step.
    build: async (ctx, ms) => ctx.run("read all orders", () => new Promise((done) => setTimeout(() => done("done"), ms))),
    nightly: async () => "done",
  },
});

const signup = restate.workflow({
  name: "Signup",
  options,
  handlers: {
    run: async (ctx, address) => {
      ctx.set("stage", "waiting for confirmation");
      ctx.serviceSendClient(email).send({ to: address, subject: "Please confirm" });
      await ctx.promise("confirmed");
      ctx.set("stage", "confirmed");
      return { address, confirmed: true };
    },
    confirm: async (ctx) => ctx.promise("confirmed").resolve(true),
  },
});

const server = http2.createServer(
  restate.createEndpointHandler({ services: [payment, email, cart, checkout, report, signup] }),
);
server.listen(Number(process.argv[2]), "127.0.0.1", () => console.log("ready"));
