import * as restate from "@restatedev/restate-sdk";

const signup = restate.service({
  name: "Signup",
  handlers: {
    // [handler]
    run: async (ctx, email) => {
      const code = await ctx.run("make code", () => {
        console.log(`making a code for ${email}`);
        return Math.floor(Math.random() * 10_000);
      });
      await ctx.sleep(10_000); // kill what you like now: it goes on where it was
      return `${email}: your code is ${code}`;
    },
    // [/handler]
  },
});

restate.serve({ services: [signup] });
