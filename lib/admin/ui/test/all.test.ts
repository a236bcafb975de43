// The parts of the page that compute. What one sees and clicks is tested by test/ui.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { bytes, duration, isoSeconds, relative } from "../src/data/format";
import { filterFrom, filterParams, mayDo, pageSql, statusOf } from "../src/data/invocations";
import { details, timeline, type JournalRow, type Step } from "../src/data/journal";
import { fromHex, parseHex, payload, toHex } from "../src/data/payload";
import { sha256 } from "../src/data/sha256";
import { quote } from "../src/data/sql";
import { stateVersion } from "../src/data/stateversion";

const encode = (text: string) => new TextEncoder().encode(text);

test("durations have two parts at most", () => {
  const second = 1000, minute = 60 * second, hour = 60 * minute, day = 24 * hour;
  assert.deepEqual(
    [0, 12.4, 999, 1234, 59_949, 59_960, 61 * second, hour, 3 * hour + 4 * minute, day, 9 * day + 5 * hour].map(duration),
    ["0 ms", "12 ms", "999 ms", "1.2 s", "60 s", "1 m 00 s", "1 m 01 s", "1 h", "3 h 04 m", "1 d", "9 d 5 h"],
  );
});

test("relative times look both ways", () => {
  const now = 1_800_000_000_000;
  assert.equal(relative(now - 300, now), "just now");
  assert.equal(relative(now - 45_000, now), "45 s ago");
  assert.equal(relative(now - 14 * 60_000 - 20_000, now), "14 m ago");
  assert.equal(relative(now + 2 * 3_600_000, now), "in 2 h");
});

test("sizes and durations of SQL", () => {
  assert.deepEqual([0, 1023, 1536, 20 * 1024 * 1024].map(bytes), ["0 B", "1023 B", "1.5 KiB", "20 MiB"]);
  assert.equal(isoSeconds("PT86400S"), 86_400_000);
  assert.equal(isoSeconds("-PT1.5S"), -1500);
  assert.equal(isoSeconds("P0D"), 0);
  assert.equal(isoSeconds(undefined), undefined);
});

test("payloads are shown as what they are", () => {
  assert.equal(payload([]).kind, "empty");
  assert.deepEqual(payload(encode('{"a":1}')), { kind: "json", text: '{\n  "a": 1\n}', size: 7 });
  assert.equal(payload(encode("a, b")).kind, "text");
  assert.equal(payload([0xff, 0xfe]).kind, "binary");
  assert.equal(payload(encode("a\u0000b")).kind, "binary");
  assert.equal(payload([0xff, 0x41]).text, `0000  ff 41${" ".repeat(42)}  ·A`);
  assert.deepEqual(parseHex("ff 00\n0a"), Uint8Array.of(255, 0, 10));
  assert.equal(parseHex("f"), undefined);
  assert.equal(toHex(fromHex("00ff10")), "00ff10");
});

test("SHA-256 is SHA-256", () => {
  for (const size of [0, 1, 55, 56, 63, 64, 65, 119, 1000]) {
    const data = Uint8Array.from({ length: size }, (_, i) => (i * 7 + size) & 255);
    assert.equal(toHex(sha256(data)), createHash("sha256").update(data).digest("hex"), `${size} bytes`);
  }
});

test("versions of state are those that other clients compute", () => {
  const version = (state: Record<string, string>) =>
    stateVersion(new Map(Object.entries(state).map(([key, value]) => [key, encode(value)])));
  assert.equal(version({}), "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU");
  assert.equal(version({ name: "bob" }), "tDqA04Lj3_qJ-PgNPTecXDGZgpwy6jm2Ni2BYqJIthM");
  assert.equal(version({ c: "ccc", a: "aaa", b: "bbb" }), version({ a: "aaa", b: "bbb", c: "ccc" }));
});

test("a quote in a text stays in the text", () => {
  assert.equal(quote("it's"), "'it''s'");
  const sql = pageSql(filterFrom(new URLSearchParams({ search: "a' OR 1=1 --" })), undefined, 10, 0);
  assert.ok(sql.includes("'%a'' OR 1=1 --%'"));
});

test("filters survive the address", () => {
  const filter = filterFrom(new URLSearchParams("status=paused,nonsense,failed&service=Cart&order=oldest&within=1h"));
  assert.deepEqual(filter.statuses, ["paused", "failed"]);
  assert.deepEqual(filterFrom(new URLSearchParams(filterParams(filter))), filter);
});

test("a page begins behind its cursor, and memory is joined only when a status needs it", () => {
  const filter = filterFrom(new URLSearchParams("status=completed"));
  const plain = pageSql(filter, { moment: "2026-01-01T00:00:00Z", id: "inv_1" }, 51, 0);
  assert.equal(
    plain,
    "SELECT ss.id AS id, ss.created_at AS moment FROM sys_invocation_status ss WHERE ss.created_at <= '2026-01-01T00:00:00Z' " +
      "AND (ss.created_at < '2026-01-01T00:00:00Z' OR ss.id < 'inv_1') ORDER BY moment DESC, id DESC LIMIT 51",
  );
  const of = (status: string) => pageSql(filterFrom(new URLSearchParams({ status })), undefined, 51, 0);
  assert.ok(of("running,pending").includes("FROM sys_invocation ss WHERE ss.status IN ('running', 'pending') ORDER"));
  assert.ok(of("pending").includes("FROM sys_invocation_status ss WHERE ss.status IN ('inboxed') ORDER"));
  assert.ok(of("failed").includes("WHERE ss.status IN ('completed') AND ss.completion_result = 'failure' ORDER"));
  assert.ok(of("failed,succeeded").includes("WHERE ss.status IN ('completed') ORDER"));
  assert.ok(of("paused,failed").includes("AND (ss.status <> 'completed' OR ss.completion_result = 'failure') ORDER"));
  assert.ok(pageSql(filterFrom(new URLSearchParams("order=oldest")), { moment: "x", id: "y" }, 51, 0).includes("ss.id > 'y'"));
});

test("operations are offered where the server accepts them", () => {
  const row = { status: "completed", completion_result: "failure" as const, target_service_ty: "service" as const };
  assert.equal(statusOf(row), "failed");
  assert.ok(mayDo("restart-as-new", row));
  assert.ok(!mayDo("restart-as-new", { ...row, target_service_ty: "workflow" }));
  assert.ok(!mayDo("cancel", row));
  assert.ok(mayDo("kill", { ...row, status: "scheduled" }));
  assert.ok(!mayDo("pause", { ...row, status: "suspended" }));
});

const journal: JournalRow[] = [
  { index: 0, entry_type: "Command: Input", name: "", raw_length: 9, entry_lite_json: '{"Command":{"Input":{}}}', appended_at: "2026-01-01T00:00:00Z" },
  { index: 1, entry_type: "Command: Call", name: "", raw_length: 4, appended_at: "2026-01-01T00:00:01Z",
    entry_lite_json: '{"Command":{"Call":{"invocation_id":"inv_child","invocation_target":{"VirtualObject":{"name":"Cart","key":"ada","handler":"get","handler_ty":"Shared","scope":null}},"invocation_id_completion_id":1,"result_completion_id":2}}}' },
  { index: 2, entry_type: "Notification: CallInvocationId", entry_lite_json: '{"Notification":{"ty":{"Completion":"CallInvocationId"},"id":{"CompletionId":1},"result":"InvocationId"}}', appended_at: "2026-01-01T00:00:01Z" },
  { index: 3, entry_type: "Notification: Call", raw_length: 5, entry_lite_json: '{"Notification":{"ty":{"Completion":"Call"},"id":{"CompletionId":2},"result":"Failure"}}', appended_at: "2026-01-01T00:00:04Z" },
  { index: 4, entry_type: "Command: Run", name: "pay", entry_lite_json: '{"Command":{"Run":{"completion_id":3,"name":"pay"}}}', appended_at: "2026-01-01T00:00:05Z" },
];

test("a step lasts from its command to the notification that completes it", () => {
  const items = timeline(journal, [
    { after_journal_entry_index: 4, appended_at: "2026-01-01T00:00:06Z", event_type: "TransientError",
      event_json: '{"ty":"TransientError","error_code":500,"error_message":"no"}' },
  ]);
  assert.deepEqual(items.map((item) => (item.kind === "event" ? item.type : item.type)), ["Input", "Call", "Run", "TransientError"]);
  const [, call, run] = items as Step[];
  assert.equal(call.detail, "Cart/ada/get");
  assert.equal(call.childId, "inv_child");
  assert.equal(call.result, "failure");
  assert.equal(call.end! - call.start!, 3000);
  assert.equal(call.completedBy, 3);
  assert.equal(run.result, "waiting");
  assert.equal(run.detail, "pay");
  assert.equal(run.end, undefined);
});

test("details show payloads and failures", () => {
  assert.deepEqual(details('{"Command":{"Input":{"headers":[{"name":"a","value":"b"}],"payload":[49],"name":""}}}'), [
    { label: "Input", bytes: [49] },
    { label: "Headers", value: "a: b" },
  ]);
  assert.deepEqual(details('{"Notification":{"Completion":{"Run":{"completion_id":1,"result":{"Failure":{"code":500,"message":"no"}}}}}}'), [
    { label: "Result", failure: { code: 500, message: "no" } },
  ]);
  assert.deepEqual(details("not json"), []);
});
