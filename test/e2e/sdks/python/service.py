"""usage: service.py PORT; see sdks_test.py for what the handlers are for"""

import asyncio
import sys
from datetime import timedelta

import hypercorn
import hypercorn.asyncio
import restate

entered = 0  # how often `sleep` was entered, replays included
steps = 0  # how often its step was executed

counter = restate.VirtualObject("Counter")
tour = restate.Service("Tour")


@counter.handler()
async def add(ctx: restate.ObjectContext, amount: int) -> int:
    value = (await ctx.get("value", type_hint=int) or 0) + amount
    ctx.set("value", value)
    return value


@counter.handler(kind="shared")
async def get(ctx: restate.ObjectSharedContext) -> int:
    return await ctx.get("value", type_hint=int) or 0


@counter.handler()
async def remember(ctx: restate.ObjectContext, awakeable: str) -> None:
    ctx.set("awakeable", awakeable)


@counter.handler(kind="shared")
async def remembered(ctx: restate.ObjectSharedContext) -> str:
    return await ctx.get("awakeable", type_hint=str) or ""


@counter.handler(kind="shared")
async def resolve(ctx: restate.ObjectSharedContext, value: str) -> None:
    ctx.resolve_awakeable(await ctx.get("awakeable", type_hint=str) or "", value)


@tour.handler()
async def run(ctx: restate.Context, count: int) -> int:
    return sum([await ctx.run_typed(f"step {i}", lambda i=i: i) for i in range(count)])


@tour.handler()
async def call(ctx: restate.Context, key: str) -> int:
    await ctx.object_call(add, key, 2)
    return await ctx.object_call(add, key, 3)


@tour.handler()
async def sleep(ctx: restate.Context, ms: int) -> list[int]:
    global entered
    entered += 1

    def step() -> int:
        global steps
        steps += 1
        return entered

    first = await ctx.run_typed("first", step)
    await ctx.sleep(timedelta(milliseconds=ms))
    return [first, entered, steps]


@tour.handler()
async def awakeable(ctx: restate.Context, key: str) -> str:
    name, future = ctx.awakeable(type_hint=str)
    await ctx.object_call(remember, key, name)
    return await future


endpoint = restate.app([counter, tour])


async def noting(scope, receive, send):
    if scope["type"] == "http":
        print(scope["path"], dict(scope["headers"]).get(b"content-type"), flush=True)
    await endpoint(scope, receive, send)


config = hypercorn.Config()
config.bind = [f"127.0.0.1:{sys.argv[1]}"]
asyncio.run(hypercorn.asyncio.serve(noting, config))
