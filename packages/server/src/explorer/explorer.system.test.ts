/// <reference lib="dom" />
// The page in a real browser, over a server whose upstreams, names and answers are as bad as can be.
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { create } from "@bufbuild/protobuf";
import { DegradationSchema } from "@protobff/messages/bff/v1/degradation_pb.js";
import { Code, Failure, Reason } from "@protobff/runtime/internal/failure";
import type { AttemptEvent, CallStartEvent } from "@protobff/runtime/internal/observer-calls";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { axeFaults } from "../../../../test/support/axe.ts";
import { type Listening, listen } from "../listen.ts";
import { type Admin, openAdmin } from "../process/admin.ts";
import { EchoService, echoEndpoint } from "../testing/test-echo.ts";
import { Explorer, type ExplorerOptions } from "./explorer.ts";
import type { Mock } from "./live.ts";
import { MASK } from "./page-data.ts";

/** Timeout for the page to receive an event and draw it. */
const PATIENT = { timeout: 20_000 };
const ECHO = "echo.v1.EchoService/Echo";
const EVIL = `"><img src=x onerror="window.hit=1"><script>window.hit=1</script>\${window.hit=1}'--`;

let browser: Browser;
let server: Listening;
let context: BrowserContext;
let page: Page;
/** Requests of the page to other servers than its own. */
let strayed: string[];
/** Page errors, console errors and warnings, and faults of the admin port. */
let complaints: string[];

beforeAll(async () => {
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox"],
  });
  server = await listen([echoEndpoint()]);
}, 60_000);
afterAll(async () => {
  await browser?.close();
  await server?.close(0);
});
beforeEach(async () => {
  context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  page = await context.newPage();
  page.setDefaultTimeout(20_000);
  strayed = [];
  complaints = [];
  page.on("request", (request) => {
    const { host } = new URL(request.url());
    if (request.url().startsWith("http") && !host.startsWith("127.0.0.1:")) strayed.push(request.url());
  });
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
});
afterEach(async () => {
  await context.close();
  expect(strayed).toEqual([]);
});

interface Opened {
  readonly explorer: Explorer;
  readonly admin: Admin;
}
async function opened(options: Partial<ExplorerOptions> = {}): Promise<Opened> {
  const explorer = new Explorer({
    name: "echo.v1",
    token: undefined,
    services: [EchoService],
    upstreams: [EchoService],
    serverUrl: () => server.url,
    ...options,
  });
  const admin = await openAdmin({
    host: "127.0.0.1",
    port: 0,
    metrics: () => "",
    state: () => "ready" as const,
    pages: [explorer],
    fault: (what, cause) => complaints.push(`${what}: ${cause}`),
  });
  onTestFinished(() => admin.close());
  return { explorer, admin };
}

const callee = { service: "echo.v1.EchoService", method: ECHO };

/** A request with a call that waits, fails, waits and succeeds, and one that another attempt was sent beside. */
function observed({ recorder }: Explorer, text = "a", header: (name: string) => string = () => ""): void {
  const request = {};
  const at = recorderNow();
  recorder.responseStart({ request, method: ECHO, startedAt: at, header });
  const start = (from: number): CallStartEvent => ({ request, call: {}, ...callee, startedAt: at + from });
  const attempt = (call: object, number: number, from: number, to: number, more: Partial<AttemptEvent> = {}) =>
    recorder.attempt({
      call,
      ...callee,
      number,
      hedge: false,
      startedAt: at + from,
      endedAt: at + to,
      outcome: "ok",
      ...more,
    });
  const failure = new Failure({
    code: Code.UNAVAILABLE,
    reason: Reason.UNAVAILABLE,
    callee: ECHO,
    message: text,
    clientCode: Code.UNAVAILABLE,
  });
  const first = start(0);
  recorder.callStart(first);
  attempt(first.call, 1, 10, 40, { outcome: { kind: "status", code: Code.UNAVAILABLE, message: text } });
  attempt(first.call, 2, 80, 100);
  attempt(first.call, 3, 85, 95, { hedge: true, outcome: "cancelled" });
  const bytes = Uint8Array.of(10, text.length, ...Buffer.from(text));
  recorder.call({
    ...first,
    header,
    message: bytes,
    endedAt: at + 100,
    attempts: 3,
    outcome: { ok: true, message: bytes },
  });
  const second = start(5);
  recorder.callStart(second);
  recorder.call({ ...second, header, message: bytes, endedAt: at + 50, attempts: 0, outcome: { ok: false, failure } });
  recorder.cache({ request, ...callee, outcome: "stale", ageMs: 1500 });
  recorder.resolver({ request, header, name: text, startedAt: at, endedAt: at + 1, outcome: { ok: true } });
  const degraded = [create(DegradationSchema, { path: text, effect: 1, reason: 2, upstream: text })];
  const outcome = { ok: true, degraded, failures: [failure] } as const;
  recorder.response({ request, header, method: ECHO, startedAt: at, endedAt: at + 120, outcome, source: text });
}
const recorderNow = (): number => performance.now() - 200;

/** Returns roughly the output of `plan=json`. */
const planOf =
  (name: string, steps: readonly object[], edges: readonly object[] = []) =>
  async () => [
    {
      rpcs: [
        {
          rpc: ECHO,
          composes: name,
          budget_ms: 150,
          worst_calls: steps.length,
          critical_path: [{ step: name, ms: 100 }],
        },
      ],
      messages: [{ message: name, steps, edges }],
    },
  ];
const callStep = (step: string) => ({
  step,
  kind: "call",
  call: { method: ECHO, timeout_ms: 100, attempts: 3 },
  on_failure: "absent",
});

test("the explorer lists recent requests, and shows the timeline of a request", async () => {
  const { explorer, admin } = await opened({ plan: planOf("echo.v1.Text", [callStep("said")]) });
  await page.goto(admin.url);
  await page.getByText("No request yet").waitFor();
  observed(explorer, "hello");
  const row = page.getByRole("row", { name: /EchoService\/Echo/ });
  await row.waitFor(); // told, not asked for
  await expect.poll(() => row.getByRole("cell").allTextContents(), PATIENT).toEqual(["OK", "120 ms", "2", "1"]);
  await row.getByRole("button").click();
  const detail = page.getByRole("article", { name: "Request 1" });
  await detail.getByText("took 120 ms, 80 % of its budget of 150 ms").waitFor();
  const calls = detail.getByRole("table", { name: "Steps of the request" }).getByRole("row");
  await expect
    .poll(
      async () => (await calls.allInnerTexts()).slice(1).map((text) => text.replaceAll(/\s+/g, " ").trim()),
      PATIENT,
    )
    .toEqual([
      "EchoService/Echo 100 ms, OK, queued 10.0 ms, 2 attempts, 1 hedged",
      "hello 1.00 ms, resolver: OK",
      "EchoService/Echo 45.0 ms, UNAVAILABLE, not sent",
      expect.stringMatching(/^EchoService\/Echo cache: stale, 1\.50 s old$/),
    ]);
  for (const [is, count] of [
    ["queued", 2],
    ["backoff", 1],
    ["attempt", 2],
    ["hedge", 1],
  ] as const)
    await expect.poll(() => detail.locator(`.waterfall rect.${is}`).count(), PATIENT).toBe(count);
  await expect.poll(() => detail.locator(".waterfall line.budget").count(), PATIENT).toBe(4);
  const call = detail.getByRole("button", { name: "EchoService/Echo" }).first();
  await call.press("Enter");
  await expect.poll(() => call.getAttribute("aria-expanded"), PATIENT).toBe("true");
  await expect
    .poll(async () => (await detail.getByRole("listitem").allInnerTexts()).slice(-3), PATIENT)
    .toEqual([
      "from 10.0 ms for 30.0 ms: status UNAVAILABLE",
      "from 80.0 ms for 20.0 ms: ok",
      "hedge, from 85.0 ms for 10.0 ms: cancelled",
    ]);
  const response = detail.getByRole("figure", { name: "Response" });
  await expect.poll(() => response.textContent(), PATIENT).toContain('"hello"');
  await detail.getByText("Steps as a table").click();
  const cell = detail.getByRole("row", { name: /^said/ }).getByRole("cell").last();
  await expect.poll(() => cell.textContent(), PATIENT).toBe("2 calls, UNAVAILABLE, hedged, retried, cache stale");
  expect(complaints).toEqual([]);
});

test("ticks of fields write the header of a mask", async () => {
  const plan = async () => [{ rpcs: [{ rpc: "echo.v1.EchoService/Echo", fields: { mask: "fields" } }], messages: [] }];
  const { admin } = await opened({ plan });
  await page.goto(admin.url);
  await page.getByRole("link", { name: "Try it" }).click();
  const headers = page.getByLabel("Headers");
  await headers.fill("x-a: 1");
  await page.getByRole("checkbox", { name: "value" }).check();
  await expect.poll(() => headers.inputValue(), PATIENT).toBe("x-a: 1\nbff-fields: value");
  await page.getByRole("checkbox", { name: "value" }).uncheck();
  await expect.poll(() => headers.inputValue(), PATIENT).toBe("x-a: 1");
  expect(complaints).toEqual([]);
});

test("the explorer sends a custom request, and shows its errors, its answer and its timeline", async () => {
  const { explorer, admin } = await opened();
  await page.goto(admin.url);
  await page.getByRole("link", { name: "Try it" }).click();
  const body = page.getByLabel("Request, as JSON");
  await expect.poll(() => body.inputValue(), PATIENT).toBe('""');
  await body.fill('"');
  await page.getByRole("button", { name: "Send" }).click();
  await page.getByRole("alert").filter({ hasText: "JSON" }).waitFor();
  await body.fill('"hi"');
  await page.getByLabel("Headers").fill("x-a: 1\nno header");
  await body.press("Control+Enter");
  await page.getByRole("alert").filter({ hasText: "“no header” is no header" }).waitFor();
  await page.getByLabel("Headers").fill("x-request-id: mine");
  await body.press("Control+Enter");
  await page.getByText("HTTP 200").waitFor();
  await expect.poll(() => page.getByRole("figure", { name: "Body" }).textContent(), PATIENT).toContain('"hi"');
  observed(explorer);
  await page.getByRole("link", { name: "Requests" }).click();
  await page.getByRole("row", { name: /Echo/ }).waitFor();
  await page.getByRole("link", { name: "Try it" }).click();
  expect(await body.inputValue()).toBe('"hi"'); // what was typed is still there
  expect(complaints).toEqual([]);
});

test("the explorer sends a request with the credential of a named caller", async () => {
  let known = ["dev", "guest"];
  const came: (string | undefined)[] = [];
  const listing = createServer((request, response) => {
    if (request.url === "/callers")
      return response.end(JSON.stringify(known.map((as) => ({ as, header: "authorization", value: `Bearer ${as}` }))));
    came.push(request.headers.authorization);
    return response.setHeader("content-type", "application/json").end('""');
  });
  listing.listen(0, "127.0.0.1");
  await once(listing, "listening");
  onTestFinished(() => void listing.close());
  const at = `http://127.0.0.1:${(listing.address() as AddressInfo).port}`;
  const { admin } = await opened({ callers: `${at}/callers`, serverUrl: () => at });
  await page.goto(`${admin.url}/#try`);
  const who = page.getByLabel("Caller");
  await expect.poll(() => who.inputValue(), PATIENT).toBe("dev");
  const send = async () => {
    const tried = page.waitForResponse("**/explorer/try");
    await page.getByRole("button", { name: "Send" }).click();
    await tried;
  };
  await send();
  await who.selectOption("no caller");
  await send();
  known = ["ada"];
  await page.getByLabel("Headers").focus();
  await who.focus(); // asks anew
  await who.getByRole("option", { name: "ada" }).waitFor({ state: "attached" });
  await who.selectOption("ada");
  await send();
  expect(came).toEqual(["Bearer dev", undefined, "Bearer ada"]);
  expect(await page.content()).not.toMatch(/Bearer (dev|ada)/);
  expect(await axeFaults(page)).toEqual([]);
  expect(complaints).toEqual([]);
});

test("the explorer has a switch for each mock", async () => {
  const mock: Mock = { service: EchoService.typeName, behaviour: { kind: "answer" } };
  const { explorer, admin } = await opened({ mocks: new Map([["echo", mock]]) });
  explorer.upstreams.upstream({
    service: EchoService.typeName,
    state: () => ({
      breakers: [
        { state: "half-open" },
        { state: "open", method: "echo.v1.EchoService/Echo", probesInMs: 3_400 },
        { state: "open", method: "echo.v1.EchoService/Other", probesInMs: 0 },
      ],
      limits: [{ taken: 3, most: 10, waiting: 2 }],
      streams: [],
      addresses: [{ address: "10.0.0.7:80", state: "ejected", inFlight: 1 }],
      methods: [],
    }),
  });
  await page.goto(`${admin.url}/#upstreams`);
  const card = page.getByRole("region", { name: "echo.v1.EchoService" });
  await expect
    .poll(async () => (await card.getByRole("definition").allInnerTexts()).map((text) => text.trim()), PATIENT)
    .toEqual([
      "half-open",
      "open, a probe in 4 s",
      "open, the next call is a probe",
      expect.stringContaining("3 of 10, 2 waiting"),
      "ejected, 1 in flight",
    ]);
  const flip = card.getByRole("combobox", { name: "Behaviour of the mock of echo.v1.EchoService" });
  await flip.selectOption("garbage");
  await expect.poll(() => mock.behaviour, PATIENT).toEqual({ kind: "garbage" });
  expect(complaints).toEqual([]);
});

test("no field becomes markup, and no secret is shown", async () => {
  const header = (name: string) => (/authorization|cookie/.test(name) ? "s3cret" : EVIL);
  const evilStep = { ...callStep(EVIL), kind: EVIL, composes: EVIL, if: EVIL, on_failure: EVIL };
  const { explorer, admin } = await opened({
    name: EVIL,
    plan: planOf(EVIL, [evilStep], [{ from: EVIL, to: EVIL, kind: EVIL }]),
  });
  explorer.upstreams.upstream({
    service: EVIL,
    branch: EVIL,
    state: () => ({
      breakers: [{ method: EVIL, state: EVIL as "open" }],
      limits: [{ method: EVIL, taken: 1, most: 2, waiting: 0 }],
      streams: [],
      addresses: [{ address: EVIL, state: EVIL as "idle", inFlight: 0 }],
      methods: [],
    }),
  });
  observed(explorer, EVIL, header);
  await page.goto(admin.url);
  await page.getByRole("row", { name: /Echo/ }).getByRole("button").click();
  const detail = page.getByRole("article", { name: "Request 1" });
  await detail.getByText("Headers").click();
  await detail.getByText("Steps as a table").click();
  for (const call of await detail.getByRole("button", { name: "EchoService/Echo" }).all()) await call.click();
  const text = async (): Promise<string> => (await page.locator("body").textContent()) ?? "";
  await expect.poll(async () => (await text()).split(EVIL).length, PATIENT).toBeGreaterThan(8);
  await expect.poll(text, PATIENT).toContain(MASK);
  expect(await page.content()).not.toContain("s3cret");
  await page.getByRole("link", { name: "Upstreams" }).click();
  await page.getByRole("region").waitFor();
  await page.getByRole("link", { name: "Graph" }).click();
  await page.getByRole("img").waitFor();
  expect(
    await page.evaluate(() => [
      (window as { hit?: number }).hit,
      document.querySelectorAll("#page img, #page script").length,
    ]),
  ).toEqual([undefined, 0]);
  expect(complaints).toEqual([]);
});

test("a graph of 1,000 steps is drawn and can be panned", async () => {
  const steps = Array.from({ length: 1_000 }, (_, i) => callStep(`step${i}`));
  const edges = steps.flatMap(({ step }, i) =>
    i === 0
      ? []
      : [Math.floor(i / 3), Math.floor(i / 7)].map((from) => ({ from: `step${from}`, to: step, kind: "reads" })),
  );
  const { admin } = await opened({ plan: planOf("echo.v1.Text", steps, edges) });
  await page.goto(`${admin.url}/#graph`);
  await page.getByRole("img", { name: "1000 steps, listed in the table below" }).waitFor();
  await expect.poll(() => page.locator("g.box").count(), PATIENT).toBe(1_000);
  const took = await page.evaluate(() => performance.getEntriesByName("layout").map(({ duration }) => duration));
  expect(took).toHaveLength(1);
  console.log(`layout of 1,000 steps and ${edges.length} edges: ${took[0]?.toFixed(1)} ms`); // printed, and not held to anything
  const boxes = await page.locator("g.box").evaluateAll((all) => all.map((item) => item.getAttribute("transform")));
  expect(new Set(boxes).size).toBe(1_000);
  await page.getByRole("region", { name: /Graph of/ }).focus();
  expect(complaints).toEqual([]);
});

/** By view: what is there when it is drawn. */
const SHOWS = {
  requests: (of: Page) => of.getByRole("row", { name: /Echo/ }),
  graph: (of: Page) => of.getByRole("img"),
  upstreams: (of: Page) => of.getByRole("region", { name: EchoService.typeName }),
  try: (of: Page) => of.getByRole("button", { name: "Send" }),
};

describe.each(["light", "dark"] as const)("with %s colours", (colorScheme) => {
  test("axe-core reports no violation in any view, nor in the login page", async () => {
    await page.emulateMedia({ colorScheme });
    const mock: Mock = { service: EchoService.typeName, behaviour: { kind: "answer" } };
    const plan = planOf(
      "echo.v1.Text",
      [callStep("one"), callStep("two")],
      [{ from: "one", to: "two", kind: "reads" }],
    );
    const { explorer, admin } = await opened({ plan, mocks: new Map([["echo", mock]]) });
    const breakers = (["closed", "open", "half-open"] as const).map((state) => ({ state, method: `e.S/${state}` }));
    const limits = [{ taken: 3, most: 10, waiting: 2 }];
    const streams = [{ taken: 7, most: 1_000, waiting: 0 }];
    const state = () => ({ breakers, limits, streams, addresses: [], methods: [] });
    explorer.upstreams.upstream({ service: EchoService.typeName, state });
    observed(explorer);
    const found: string[] = [];
    for (const view of ["requests", "graph", "upstreams", "try"] as const) {
      await page.goto(`${admin.url}/#${view}`);
      await SHOWS[view](page).waitFor();
      if (view === "requests") {
        await page.getByRole("row", { name: /Echo/ }).getByRole("button").click();
        await page.getByRole("button", { name: "EchoService/Echo", expanded: false }).first().click();
        await page.getByText("Steps as a table").click();
      }
      found.push(...(await axeFaults(page)).map((fault) => `${view}: ${fault}`));
    }
    const ground = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    expect(ground).toBe(colorScheme === "dark" ? "rgb(22, 24, 29)" : "rgb(255, 255, 255)");
    const locked = await opened({ token: "a token of many letters" });
    await page.goto(locked.admin.url);
    found.push(...(await axeFaults(page)));
    expect(found).toEqual([]);
  });
});

test("the explorer requests the token once, and works by keyboard alone", async () => {
  const { admin } = await opened({ token: "a token of many letters" });
  await page.goto(admin.url);
  await page.keyboard.type("no");
  await page.keyboard.press("Enter");
  await page.getByRole("alert").getByText("This is not the token.").waitFor();
  await page.keyboard.type("a token of many letters");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "echo.v1" }).waitFor();
  const reached: string[] = [];
  for (let i = 0; i < 5; i++) {
    await page.keyboard.press("Tab");
    reached.push(await page.evaluate(() => document.activeElement?.textContent ?? ""));
  }
  expect(reached.slice(0, 4)).toEqual(["Requests", "Graph", "Upstreams", "Try it"]);
  const other = await browser.newContext();
  onTestFinished(() => other.close());
  expect((await (await other.newPage()).goto(admin.url))?.status()).toBe(401);
});

test("the explorer reconnects to a restarted server", async () => {
  const first = await opened({ name: "before" });
  observed(first.explorer);
  await page.goto(first.admin.url);
  await page.getByRole("row", { name: /Echo/ }).waitFor();
  await first.admin.close();
  await page.getByText("connection lost, trying again").waitFor();
  const explorer = new Explorer({
    name: "after",
    token: undefined,
    services: [EchoService],
    upstreams: [EchoService],
    serverUrl: () => server.url,
  });
  const again = await openAdmin({
    host: "127.0.0.1",
    port: first.admin.port,
    metrics: () => "",
    state: () => "ready" as const,
    pages: [explorer],
    fault: (what, cause) => complaints.push(`${what}: ${cause}`),
  });
  onTestFinished(() => again.close());
  await page.getByRole("heading", { name: "after" }).waitFor();
  await page.getByText("No request yet").waitFor();
  await page.getByRole("link", { name: "Try it" }).click();
  await page.getByRole("button", { name: "Send" }).click(); // with a word that the new one does not know
  await page.getByText("HTTP 200").waitFor();
});

test("a page of another port can neither control nor read the explorer", async () => {
  const mock: Mock = { service: EchoService.typeName, behaviour: { kind: "answer" } };
  const { admin } = await opened({ mocks: new Map([["echo", mock]]) });
  await page.goto(`${server.url}/healthz`);
  const outcomes = await page.evaluate(async (url) => {
    const word = { "x-bff-explorer": "a" };
    const body = JSON.stringify({ name: "echo", behaviour: "down" });
    const all = [
      fetch(`${url}/explorer/overview`),
      fetch(`${url}/explorer/switch`, { method: "POST", body, headers: word }),
      fetch(`${url}/explorer/switch`, { method: "POST", body, mode: "no-cors" }).then(({ type }) => type),
    ];
    return Promise.all(all.map((item) => item.then(String, () => "refused")));
  }, admin.url);
  expect(outcomes.slice(0, 2)).toEqual(["refused", "refused"]);
  expect(mock.behaviour).toEqual({ kind: "answer" });
});
