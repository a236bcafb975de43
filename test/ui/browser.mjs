// Uses the web page as a person would, and looks at the server whether it came about.
// usage: node browser.mjs <JSON with addresses>; ui_test.py makes it.

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { chromium } from "playwright-core";

const world = JSON.parse(process.argv[2]);
const hour = 3_600_000;

// --- The server, without the page ---

async function rows(query) {
  const response = await fetch(`${world.admin}/query`, {
    method: "POST",
    headers: { "content-type": "application/json", accept: "application/json" },
    body: JSON.stringify({ query }),
  });
  const body = await response.json();
  assert.equal(response.status, 200, `${query}: ${body.message}`);
  return body.rows;
}

async function call(path, value) {
  const response = await fetch(world.ingress + path, {
    method: "POST",
    ...(value !== undefined && { headers: { "content-type": "application/json" }, body: JSON.stringify(value) }),
  });
  const text = await response.text();
  return { status: response.status, value: text ? JSON.parse(text) : undefined };
}

async function send(path, value, query = "") {
  const { status, value: answer } = await call(`${path}/send${query}`, value);
  assert.ok(status === 200 || status === 202, `${path}: ${status}`);
  return answer.invocationId;
}

async function eventually(check, what, seconds = 20) {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const value = await check();
    if (value) return value;
    if (Date.now() > deadline) throw new Error(`it did not happen: ${what}`);
    await new Promise((done) => setTimeout(done, 50));
  }
}

const statusOf = async (id) => (await rows(`SELECT status FROM sys_invocation WHERE id = '${id}'`))[0]?.status;
const becomes = (id, status) => eventually(async () => (await statusOf(id)) === status, `${id} becomes ${status}`);

/** Invocations of every kind; the ids of those that the tests look at. */
async function populate() {
  const ids = {};
  // If the page has not done so.
  await fetch(`${world.admin}/deployments`, {
    method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ uri: world.services }),
  });
  ids.emails = await Promise.all(Array.from({ length: 120 }, (_, i) => send("/Email/send", { to: `u${i}@example.com`, subject: "Hello" })));
  const customers = ["ada", "grace", "linus", "barbara", "ken", "margaret"];
  await Promise.all(customers.map(async (name, i) => {
    for (const sku of ["tea", "cup", "kettle"].slice(0, 1 + (i % 3))) await call(`/Cart/${name}/add`, { sku, price: 12.5 });
  }));
  ids.checkout = await send("/Checkout/place", { customer: "grace", amount: 42, failures: 2 });
  await Promise.all(customers.map((customer, i) => send("/Checkout/place", { customer, amount: 40 + i, failures: i % 2 })));
  ids.refunds = await Promise.all([1, 2, 3, 4].map((n) => send("/Payment/refund", { order: `o-${n}` })));
  ids.payout = await send("/Payment/payout", { account: "NL91" });
  ids.declined = await send("/Payment/decline", { reason: "insufficient funds" });
  ids.holder = await send("/Cart/ada/reserve", hour);
  await becomes(ids.holder, "suspended");
  ids.pending = await send("/Cart/ada/add", { sku: "late", price: 1 });
  ids.running = await send("/Report/build", hour);
  ids.scheduled = await send("/Checkout/place", { customer: "ada", amount: 5 }, "?delay=8h");
  ids.signup = await send("/Signup/ada/run", "ada@example.com");
  await becomes(ids.payout, "paused");
  await becomes(ids.checkout, "completed");
  await becomes(ids.refunds[0], "backing-off");
  await eventually(async () => (await rows("SELECT COUNT(*) AS n FROM sys_invocation WHERE target = 'Email/send' AND status <> 'completed'"))[0].n === 0, "all mail is sent");
  return ids;
}

// --- What every page has to be ---

/** Runs in the page: names of what can be used, contrast of what can be read, nothing too wide. */
function audit() {
  const problems = [];
  const wide = document.documentElement.scrollWidth - innerWidth;
  if (wide > 0) problems.push(`the page is ${wide} px too wide`);
  if (document.querySelectorAll("h1").length !== 1) problems.push("a page has one h1");
  if (!document.querySelector("main")) problems.push("a page has a main part");
  if (!document.documentElement.lang) problems.push("the page names its language");

  const shown = (element) => element.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true });
  const nameOf = (element) => {
    const by = element.getAttribute("aria-labelledby")?.split(" ").map((id) => document.getElementById(id)?.textContent).join(" ");
    return (by || element.getAttribute("aria-label") || element.labels?.[0]?.textContent || element.textContent || "").trim();
  };
  for (const element of document.querySelectorAll("button, a, input, select, textarea, dialog, summary, [role=region], [role=img]")) {
    if (shown(element) && !nameOf(element)) problems.push(`without a name: ${element.outerHTML.slice(0, 120)}`);
  }
  for (const element of document.querySelectorAll("[aria-describedby], [aria-labelledby]")) {
    for (const id of `${element.getAttribute("aria-describedby") ?? ""} ${element.getAttribute("aria-labelledby") ?? ""}`.split(" ")) {
      if (id && !document.getElementById(id)) problems.push(`points to nothing: ${id}`);
    }
  }
  const ids = [...document.querySelectorAll("[id]")].map(({ id }) => id);
  for (const id of new Set(ids.filter((one, i) => ids.indexOf(one) !== i))) problems.push(`the id ${id} is there twice`);

  const canvas = Object.assign(document.createElement("canvas"), { width: 1, height: 1 });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const rgba = (color) => {
    context.clearRect(0, 0, 1, 1);
    context.fillStyle = color;
    context.fillRect(0, 0, 1, 1);
    return [...context.getImageData(0, 0, 1, 1).data];
  };
  const backgroundOf = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = rgba(getComputedStyle(at).backgroundColor);
      if (color[3] === 255) return color;
    }
    return [255, 255, 255, 255];
  };
  const luminance = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((c) => (c / 255 <= 0.03928 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const seen = new Set();
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || seen.has(element) || !shown(element)) continue;
    seen.add(element);
    if (element.closest(":disabled, .hidden, .skip, option, noscript, .stale")) continue;
    const style = getComputedStyle(element);
    const [a, b] = [luminance(rgba(style.color)), luminance(backgroundOf(element))].sort((x, y) => y - x);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < (large ? 3 : 4.5)) problems.push(`contrast ${ratio.toFixed(2)}: ${element.className} "${element.textContent.trim().slice(0, 40)}"`);
  }
  return problems;
}

// --- Running ---

const browser = await chromium.launch({ executablePath: world.chromium, args: ["--no-sandbox", "--disable-gpu"] });
let ids;

async function open({ width = 1280, scheme = "light", expected = [] } = {}) {
  const context = await browser.newContext({ viewport: { width, height: width > 500 ? 860 : 844 }, colorScheme: scheme, reducedMotion: "reduce" });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  const problems = [];
  const note = (text) => expected.some((pattern) => pattern.test(text)) || problems.push(text);
  page.on("pageerror", (error) => note(error.message));
  page.on("console", (message) => ["error", "warning"].includes(message.type()) && note(`${message.text()} ${message.location().url}`));
  page.on("request", (request) => {
    if (![world.admin, world.locked, "blob:"].some((start) => request.url().startsWith(start))) note(`asks elsewhere: ${request.url()}`);
  });
  page.go = (path) => page.goto(`${world.admin}/ui${path}`);
  page.done = async () => {
    await context.close();
    assert.deepEqual(problems, []);
  };
  return page;
}

const tests = [];
const test = (name, run, options) => tests.push({ name, run, options });
const dialog = (page) => page.getByRole("dialog");
const button = (page, name) => page.getByRole("button", { name, exact: true });
const main = (page) => page.getByRole("main");

test("a new server tells what to do first, and a deployment is registered by keyboard", async (page) => {
  await page.goto(`${world.admin}/`);
  await page.getByText("Nothing is registered yet").waitFor();
  assert.equal(new URL(page.url()).pathname, "/ui/");
  assert.deepEqual(await page.evaluate(audit), []);
  await page.keyboard.press("g");
  await page.keyboard.press("d");
  await page.getByText("No deployments yet").waitFor();
  await button(page, "Register deployment").first().focus();
  await page.keyboard.press("Enter");
  await dialog(page).waitFor();
  await page.keyboard.type("http://127.0.0.1:1/");
  await page.keyboard.press("Enter");
  await dialog(page).getByRole("alert").getByText("META0003").waitFor();
  await page.getByLabel("Address").fill(world.services);
  await page.keyboard.press("Enter");
  await dialog(page).getByText("It serves 6 services").waitFor();
  assert.equal((await rows("SELECT id FROM sys_deployment")).length, 0, "a preview registers nothing");
  await page.keyboard.press("Enter");
  await page.getByRole("link", { name: `${world.services}/` }).waitFor();
  await page.getByText("Active", { exact: true }).waitFor();
  assert.equal((await rows("SELECT id FROM sys_deployment")).length, 1);
}, { expected: [/500 \(/] });

test("every page, wide and narrow, light and dark", async (page) => {
  const [deployment] = await rows("SELECT id FROM sys_deployment");
  const pages = {
    overview: ["/", "Needs attention"],
    invocations: ["/invocations", "in all"],
    completed: [`/invocations/${ids.checkout}`, "Timeline"],
    failing: [`/invocations/${ids.refunds[0]}`, "card processor"],
    paused: [`/invocations/${ids.payout}`, "It failed too often"],
    services: ["/services", "Signup"],
    service: ["/services/Payment", "Revisions"],
    deployments: ["/deployments", "typescript"],
    deployment: [`/deployments/${deployment.id}`, "6 services"],
    register: ["/deployments?register=1", "Where the services listen"],
    state: ["/state?service=Cart", "margaret"],
    object: ["/state?service=Cart&key=ada", "Latest invocations"],
    sql: ["/sql?q=SELECT%20id%2C%20target%2C%20status%2C%20created_at%0AFROM%20sys_invocation%0AORDER%20BY%20created_at%20DESC%0ALIMIT%2012", "sys_journal_events"],
    unknown: ["/nowhere", "There is no such page"],
    unknownInvocation: ["/invocations/inv_1gdJBtdVEcM942bjcDmb1c1khoaJe11Hbz", "There is no such invocation"],
  };
  const looks = [[1280, 860, "light"], [1280, 860, "dark"], [390, 844, "light"]];
  if (world.shots) mkdirSync(world.shots, { recursive: true });
  for (const [name, [path, text]] of Object.entries(pages)) {
    const loaded = () => page.waitForFunction(() => !document.querySelector(".skeleton"));
    await page.setViewportSize({ width: 1280, height: 860 });
    await page.go(path);
    // Whatever is not loaded yet is neither too wide nor too pale.
    await page.getByText(text).locator("visible=true").first().waitFor();
    await loaded();
    if (name === "completed") await page.locator(".step-row").nth(2).click();
    if (name === "sql") {
      await button(page, "Run").click();
      await page.getByText("12 rows").waitFor();
    }
    await loaded();
    for (const [width, height, colorScheme] of looks) {
      await page.setViewportSize({ width, height });
      await page.emulateMedia({ colorScheme });
      assert.deepEqual(await page.evaluate(audit), [], `${name} at ${width} ${colorScheme}`);
      if (!world.shots) continue;
      await page.screenshot({ path: `${world.shots}/${name}-${width}${colorScheme === "dark" ? "-dark" : ""}.png` });
    }
  }
});

test("the list is filtered by status, service and search", async (page) => {
  await page.go("/invocations");
  await page.getByRole("group", { name: "Status" }).getByText("Backing off").click();
  await page.waitForFunction(() => {
    const tags = [...document.querySelectorAll("tbody .tag")];
    return tags.length === 4 && tags.every((tag) => tag.textContent === "Backing off");
  });
  await page.getByText("4 found").waitFor();
  await page.getByLabel("Service").selectOption("Cart");
  await page.getByText("Nothing matches").waitFor();
  await button(page, "Clear filters").first().click();
  await page.keyboard.press("/");
  await page.keyboard.type("Cart/grace");
  const [{ n }] = await rows("SELECT COUNT(*) AS n FROM sys_invocation WHERE target LIKE 'Cart/grace/%'");
  await page.getByText(`${n} found`).waitFor();
  await page.keyboard.press("Control+A");
  await page.keyboard.type(ids.payout);
  await page.getByText("1 found").waitFor();
  await page.locator("tbody").getByText("payout").waitFor();
  // The address alone brings it back.
  await page.reload();
  await page.getByText("1 found").waitFor();
});

test("pages go forth and back without a row twice or never", async (page) => {
  await page.go("/invocations?service=Email&order=oldest");
  await page.getByText("1–50 of").waitFor();
  const [{ n }] = await rows("SELECT COUNT(*) AS n FROM sys_invocation WHERE target_service_name = 'Email'");
  const seen = [];
  const collect = async () => seen.push(...(await page.locator("tbody .row-link").evaluateAll((links) => links.map((link) => link.getAttribute("href")))));
  await collect();
  await page.keyboard.press("n");
  await page.getByText("51–100 of").waitFor();
  await page.waitForFunction(() => !document.querySelector(".stale"));
  await collect();
  await button(page, "Next").click();
  await page.getByText(`101–${n} of`).waitFor();
  await collect();
  assert.equal(seen.length, n);
  assert.equal(new Set(seen).size, n);
  assert.ok(await button(page, "Next").isDisabled());
  await page.keyboard.press("p");
  await page.getByText("51–100 of").waitFor();
  await button(page, "Previous").click();
  await page.getByText("1–50 of").waitFor();
});

test("an invocation shows its steps, payloads and errors", async (page) => {
  await page.go(`/invocations/${ids.checkout}`);
  const steps = page.getByRole("list", { name: "Journal" });
  await steps.getByText("Payment/charge").click();
  await steps.getByText('"receipt": "r-42"').waitFor();
  await page.getByLabel("Output", { exact: true }).getByText('"items": 2').waitFor();
  await page.getByLabel("Input", { exact: true }).getByText('"customer": "grace"').waitFor();
  // To the call that it made, which was tried three times.
  await steps.getByRole("link", { name: /^inv_/ }).click();
  await steps.getByText("card processor timed out (attempt 1)").waitFor();
  await page.getByRole("link", { name: /^inv_/ }).click();
  await page.getByRole("heading", { name: "Checkout/place" }).waitFor();

  await page.go(`/invocations/${ids.declined}`);
  await main(page).getByText("[402] insufficient funds").first().waitFor();
  await page.go(`/invocations/${ids.payout}`);
  await page.getByText("It failed too often: account is blocked: ask the bank").waitFor();
  await page.go("/invocations/inv_1gdJBtdVEcM942bjcDmb1c1khoaJe11Hbz");
  await page.getByText("There is no such invocation").waitFor();
});

test("operations on one invocation ask first, and happen", async (page) => {
  const confirm = async (name, question) => {
    await button(page, name).click();
    await dialog(page).getByText(question).waitFor();
    await dialog(page).locator("button[type=submit]").click();
    await dialog(page).waitFor({ state: "detached" });
  };
  const [, refund] = ids.refunds;
  await page.go(`/invocations/${refund}`);
  await button(page, "Kill").click();
  await page.keyboard.press("Escape");
  await dialog(page).waitFor({ state: "detached" });
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "Kill", "the focus comes back");
  await confirm("Pause", "goes on when somebody resumes it");
  await becomes(refund, "paused");
  await confirm("Resume", "The next attempt starts now");
  await becomes(refund, "backing-off");
  await button(page, "Retry now").waitFor();
  await confirm("Kill", "It ends at once");
  await becomes(refund, "completed");
  await main(page).getByText("killed").first().waitFor();
  await confirm("Purge", "forgotten");
  await eventually(async () => (await statusOf(refund)) === undefined, "the invocation is purged");
  await page.getByRole("heading", { name: "Invocations" }).waitFor();

  await page.go(`/invocations/${ids.scheduled}`);
  await confirm("Cancel", "told to stop");
  await eventually(async () => (await statusOf(ids.scheduled)) === undefined, "the scheduled invocation is gone");
});

test("a completed invocation is restarted, as a whole and from a step", async (page) => {
  await page.go(`/invocations/${ids.checkout}`);
  await button(page, "Restart").click();
  await dialog(page).getByLabel("Deployment").selectOption("keep");
  await dialog(page).getByRole("button", { name: "Restart this invocation" }).click();
  await page.getByText("Restart of").waitFor();
  assert.ok(!page.url().endsWith(ids.checkout));
  const second = page.url().split("/").at(-1);
  await becomes(second, "completed");

  await page.go(`/invocations/${ids.checkout}`);
  await page.getByRole("list", { name: "Journal" }).getByText("Payment/charge").click();
  await button(page, "Restart from here").click();
  await dialog(page).getByText("and goes on from there").waitFor();
  await dialog(page).getByRole("button", { name: "Restart this invocation" }).click();
  await page.getByText("Restart of").waitFor();
  const third = page.url().split("/").at(-1);
  await becomes(third, "completed");
  const [own] = await rows(`SELECT COUNT(*) AS n FROM sys_invocation WHERE invoked_by_id = '${third}' AND target = 'Payment/charge'`);
  assert.equal(own.n, 0, "the payment is in the part that was kept");
});

test("many are chosen, by row and by filter", async (page) => {
  const mail = await Promise.all(Array.from({ length: 60 }, (_, i) => send("/Report/nightly", undefined, `?delay=${i + 1}h`)));
  await page.go("/invocations?status=scheduled&service=Report&order=newest");
  await page.getByText("60 found").waitFor();
  await page.locator("tbody tr").first().waitFor();
  await page.keyboard.press("j");
  await page.keyboard.press("x");
  await page.keyboard.press("j");
  await page.keyboard.press("x");
  const region = page.getByRole("region", { name: "Selected invocations" });
  await region.getByText("2 selected").waitFor();
  await region.getByRole("button", { name: "Kill" }).click();
  await dialog(page).getByRole("button", { name: "Kill 2 invocations" }).click();
  await page.getByText("58 found").waitFor();
  await page.getByLabel("Select all rows of this page").click();
  await region.getByRole("button", { name: "Select all 58" }).click();
  await region.getByRole("button", { name: "Cancel" }).click();
  const confirm = dialog(page).getByRole("button", { name: "Cancel 58 invocations" });
  assert.ok(await confirm.isDisabled(), "much harm wants a second yes");
  await dialog(page).getByLabel("Yes, all 58 invocations").check();
  await confirm.click();
  await page.getByText("Nothing matches").waitFor();
  assert.equal((await rows("SELECT COUNT(*) AS n FROM sys_invocation WHERE target_service_name = 'Report' AND status = 'scheduled'"))[0].n, 0);
  assert.equal(mail.length, 60);

  // What is not possible is told, and the rest happens.
  await page.go("/invocations?service=Signup");
  await page.getByLabel("Select all rows of this page").click();
  await region.getByRole("button", { name: "Purge" }).click();
  await dialog(page).getByRole("button", { name: /^Purge/ }).click();
  await dialog(page).getByText("Not possible for 1 invocation").waitFor();
});

test("state is edited, added, removed and cleared", async (page) => {
  await page.go("/state?service=Cart");
  await page.keyboard.press("/");
  await page.keyboard.type("marg");
  await page.getByRole("link", { name: "margaret" }).click();
  await page.getByText('"sku": "kettle"').waitFor();
  const entry = page.locator(".entry", { has: page.getByRole("heading", { name: "items" }) });
  await entry.getByRole("button", { name: "Edit" }).click();
  await dialog(page).getByLabel("Value").fill("[1, 2,");
  await dialog(page).getByText("This is not JSON").waitFor();
  assert.ok(await dialog(page).getByRole("button", { name: "Save" }).isDisabled());
  await dialog(page).getByLabel("Value").fill('[ {"sku": "pot"} ]');
  await dialog(page).getByRole("button", { name: "Save" }).click();
  await dialog(page).waitFor({ state: "detached" });
  assert.deepEqual((await call("/Cart/margaret/get")).value, [{ sku: "pot" }]);

  await button(page, "Add entry").click();
  await dialog(page).getByLabel("Key").fill("note");
  await dialog(page).getByLabel("Format").selectOption("hex");
  await dialog(page).getByLabel("Value").fill("00 ff");
  await dialog(page).getByRole("button", { name: "Save" }).click();
  await page.getByText("0000  00 ff").waitFor();
  const stored = () => rows("SELECT key, value FROM state WHERE service_name = 'Cart' AND service_key = 'margaret' ORDER BY key");
  assert.deepEqual((await stored()).find(({ key }) => key === "note").value, "00ff");

  // Somebody else is faster: nothing is lost.
  await entry.getByRole("button", { name: "Edit" }).click();
  await dialog(page).getByLabel("Value").fill("[]");
  await call("/Cart/margaret/add", { sku: "lid" });
  await dialog(page).getByRole("button", { name: "Save" }).click();
  await dialog(page).getByText("It has changed meanwhile").waitFor();
  await page.keyboard.press("Escape");
  assert.equal((await call("/Cart/margaret/get")).value.length, 2);

  await button(page, "Remove note").click();
  await dialog(page).getByRole("button", { name: "Remove" }).click();
  await dialog(page).waitFor({ state: "detached" });
  assert.ok(!(await stored()).some(({ key }) => key === "note"));
  await button(page, "Clear all").click();
  await dialog(page).getByLabel("Yes, all entries").check();
  await dialog(page).getByRole("button", { name: "Clear" }).click();
  await page.getByText("No state").waitFor();
  assert.deepEqual(await stored(), []);
});

test("settings of a service are changed, and wrong ones refused", async (page) => {
  await page.go("/services/Email");
  await button(page, "Edit settings").click();
  await dialog(page).getByLabel("Inactivity timeout").fill("soon");
  await dialog(page).getByRole("button", { name: "Save" }).click();
  await dialog(page).getByRole("alert").waitFor();
  await dialog(page).getByLabel("Inactivity timeout").fill("90s");
  await dialog(page).getByLabel("Public").uncheck();
  await dialog(page).getByRole("button", { name: "Save" }).click();
  await page.getByText("1m 30s").waitFor();
  const service = await (await fetch(`${world.admin}/services/Email`)).json();
  assert.deepEqual([service.public, service.inactivity_timeout], [false, "1m 30s"]);
}, { expected: [/422 \(/] });

test("statements run, fail and are remembered", async (page) => {
  await page.go("/sql");
  const editor = page.getByLabel("SQL statement");
  await editor.fill("SELECT target, COUNT(*) AS n FROM sys_invocation GROUP BY target ORDER BY target");
  await page.keyboard.press("Control+Enter");
  await page.getByRole("cell", { name: "Email/send" }).waitFor();
  const waiting = page.waitForEvent("download");
  await button(page, "CSV").click();
  assert.equal((await waiting).suggestedFilename(), "result.csv");
  await editor.fill("SELECT * FROM nowhere");
  await button(page, "Run").click();
  await page.getByText("The statement failed").waitFor();
  await editor.fill(`SELECT id FROM sys_invocation WHERE id = '${ids.checkout}'`);
  await button(page, "Run").click();
  await page.getByRole("link", { name: ids.checkout }).click();
  await page.getByRole("heading", { name: "Checkout/place" }).waitFor();
  await page.go("/sql");
  assert.equal(await editor.inputValue(), `SELECT id FROM sys_invocation WHERE id = '${ids.checkout}'`);
}, { expected: [/(400|500) \(/] });

test("everything is within reach of the keyboard", async (page) => {
  await page.go("/");
  await page.getByText("Needs attention").waitFor();
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "Skip to content");
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement.id), "main");
  await page.keyboard.press("?");
  await dialog(page).getByText("Keyboard shortcuts").waitFor();
  assert.deepEqual(await page.evaluate(audit), []);
  await page.keyboard.press("Escape");
  await page.keyboard.press("g");
  await page.keyboard.press("i");
  await page.getByText("Newest first").waitFor({ state: "attached" });
  await page.locator("tbody tr").first().waitFor();
  await page.keyboard.press("j");
  await page.keyboard.press("j");
  const chosen = await page.evaluate(() => document.activeElement.getAttribute("href"));
  const outline = await page.evaluate(() => getComputedStyle(document.activeElement.closest("tr")).outlineStyle);
  assert.equal(outline, "solid", "one sees where the focus is");
  await page.keyboard.press("Enter");
  await page.getByText("Timeline").waitFor();
  assert.equal(new URL(page.url()).pathname, chosen);
  await page.goBack();
  await page.getByRole("heading", { name: "Invocations" }).waitFor();
  // No trap: from the last element the focus leaves the page.
  for (const name of ["Services", "Deployments", "State", "SQL"]) {
    await page.getByRole("link", { name, exact: true }).first().focus();
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name, exact: true }).first().waitFor();
  }
});

test("the theme is chosen and kept", async (page) => {
  await page.go("/");
  const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await background();
  await page.getByRole("button", { name: "Theme: system. Change to light" }).click();
  assert.equal(await background(), light);
  await page.getByRole("button", { name: "Theme: light. Change to dark" }).click();
  const dark = await background();
  assert.notEqual(dark, light);
  await page.reload();
  assert.equal(await background(), dark);
});

test("a server that wants a token gets it", async (page) => {
  await page.goto(`${world.locked}/ui/invocations`);
  await page.getByRole("heading", { name: "This server wants a token" }).waitFor();
  assert.deepEqual(await page.evaluate(audit), []);
  await page.getByLabel("Token").fill("open");
  await page.keyboard.press("Enter");
  await page.getByText("did not accept the last token").waitFor();
  await page.getByLabel("Token").fill("sesame");
  await page.keyboard.press("Enter");
  await page.getByText("No invocations yet").waitFor();
  assert.equal(await page.getByText("The admin port is open").count(), 0);
  // As long as the tab lives, it is not asked for again.
  await page.reload();
  await page.getByText("No invocations yet").waitFor();
}, { expected: [/401 \(/] });

test("an open port is warned about, and an absent server told", async (page) => {
  await page.go("/");
  await page.getByText("Needs attention").waitFor();
  assert.equal(await page.getByText("The admin port is open").count(), 0);
  await page.route("**/internal/server-info", (route) => route.fulfill({ json: { version: "0.1.0", exposed: true, token: false } }));
  await page.reload();
  await page.getByText("The admin port is open").waitFor();
  assert.deepEqual(await page.evaluate(audit), []);
  await page.getByRole("button", { name: "Hide this warning" }).click();
  assert.equal(await page.getByText("The admin port is open").count(), 0);
  await page.route(/\/(version|query|services)/, (route) => route.abort());
  await page.getByRole("link", { name: "Services", exact: true }).click();
  await page.getByText("The server cannot be reached").first().waitFor();
  await page.unroute(/\/(version|query|services)/);
  await button(page, "Try again").last().click();
  await page.getByRole("link", { name: "Signup" }).waitFor();
}, { expected: [/ERR_FAILED/] });

test("a deployment is removed only when that is said twice", async (page) => {
  await page.go("/deployments");
  await page.getByRole("link", { name: `${world.services}/` }).click();
  await button(page, "Remove").click();
  await dialog(page).getByText("began here").waitFor();
  assert.ok(await dialog(page).getByRole("button", { name: "Remove" }).isDisabled());
  await dialog(page).getByLabel("Remove it nevertheless").check();
  await dialog(page).getByRole("button", { name: "Remove" }).click();
  await page.getByText("No deployments yet").waitFor();
  assert.equal((await rows("SELECT id FROM sys_deployment")).length, 0);
});

let failed = 0;
let passed = 0;
for (const { name, run, options } of tests) {
  if (world.names.length && !world.names.some((part) => name.includes(part))) continue;
  const begin = Date.now();
  let page;
  try {
    if (name !== tests[0].name) {
      ids ??= await populate();
    }
    page = await open(options);
    await run(page);
    await page.done();
    passed++;
    console.log(`ok      ${name} (${((Date.now() - begin) / 1000).toFixed(1)} s)`);
  } catch (error) {
    failed++;
    console.log(`FAILED  ${name}`);
    console.log(error.stack ?? error);
    if (world.shots) await page?.screenshot({ path: `${world.shots}/failed-${failed}.png` }).catch(() => {});
  }
}
await browser.close();
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed || !passed ? 1 : 0);
