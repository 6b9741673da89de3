import type { DeprecatedFieldUse, DeprecatedUse, ResponseEvent } from "@protobff/runtime/internal/observer-requests";
import { FakeClock } from "@protobff/runtime/internal/testing/fake-clock";
import { expect, test } from "vitest";
import { DeprecatedCalls } from "./deprecated-calls.ts";
import { FailureLog } from "./failure-log.ts";
import type { LogFormat } from "./server-log.ts";

const HOUR = 3_600_000;
const RPC = "page.v1.PageService/Get";
/** FakeClock begins on 2027-01-15. */
const SINCE = { since: "2026-11-01", sunset: "2027-05-01", successor: "page.v2.PageService/Get" };
const ann: DeprecatedUse = { ...SINCE, source: "user", issuer: "https://id.example", subject: "ann", id: "t-1" };

function logged(format: LogFormat = "text") {
  const clock = new FakeClock();
  const written: string[] = [];
  const log = new FailureLog((line) => written.push(line), format, clock);
  const observe = (use: Partial<ResponseEvent>, headers: Record<string, string> = {}): void => {
    const event: ResponseEvent = {
      request: {},
      header: (name) => headers[name] ?? "",
      method: RPC,
      startedAt: 0,
      endedAt: 0,
      outcome: { ok: true, degraded: [], failures: [] },
      ...use,
    };
    log.response(event);
  };
  const called = (deprecated: DeprecatedUse, headers?: Record<string, string>): void =>
    observe({ deprecated }, headers);
  const sent = (deprecatedFields: DeprecatedFieldUse, headers?: Record<string, string>): void =>
    observe({ deprecatedFields }, headers);
  const lines = (): string[] => written.splice(0).map((line) => line.replace(/^\S+Z /, "").trimEnd());
  return { clock, called, sent, lines, written };
}
const HEAD = `${RPC} is deprecated since 2026-11-01 and may be gone from 2027-05-01 on, in favour of page.v2.PageService/Get: called by`;

test("each caller of a deprecated RPC is logged once an hour, with the number of calls since", async () => {
  const { clock, called, lines } = logged();
  called(ann, { "user-agent": "shop-app/3.1", "x-request-id": "r1" });
  for (let i = 0; i < 4; i++) called(ann);
  called({ ...ann, subject: "bob", id: "" });
  expect(lines()).toEqual([`${HEAD} "ann" of user ("t-1") with "shop-app/3.1", request "r1"`, `${HEAD} "bob" of user`]);
  await clock.advance(HOUR - 1);
  called(ann);
  expect(lines()).toEqual([]);
  await clock.advance(1);
  called(ann);
  called({ ...ann, subject: "bob", id: "" });
  expect(lines()).toEqual([`${HEAD} "ann" of user ("t-1") (and 5 more calls in between)`, `${HEAD} "bob" of user`]);
});

test("the JSON line has only the known values", () => {
  const { called, written } = logged("json");
  called(ann, { "user-agent": "shop-app/3.1" });
  called({ since: "2026-11-01" });
  expect(written.map((line) => JSON.parse(line))).toEqual([
    {
      time: expect.any(String),
      event: "deprecated",
      rpc: RPC,
      since: "2026-11-01",
      sunset: "2027-05-01",
      successor: "page.v2.PageService/Get",
      source: "user",
      issuer: "https://id.example",
      subject: "ann",
      id: "t-1",
      user_agent: "shop-app/3.1",
    },
    { time: expect.any(String), event: "deprecated", rpc: RPC, since: "2026-11-01" },
  ]);
});

test("each caller and deprecated field is logged once an hour, beside a deprecated RPC", async () => {
  const { clock, called, sent, lines } = logged();
  const line = (field: string, caller: string) => `${RPC} receives the deprecated field ${field}: sent by ${caller}`;
  sent({ paths: ["old_id", "items[*].sku"], source: "user", subject: "ann" }, { "user-agent": "curl/8" });
  sent({ paths: ["old_id", "filter.text"], source: "user", subject: "ann" });
  sent({ paths: ["old_id"] });
  called({ since: "2026-11-01" });
  expect(lines()).toEqual([
    line("old_id", '"ann" of user with "curl/8"'),
    line("items[*].sku", '"ann" of user with "curl/8"'),
    line("filter.text", '"ann" of user'),
    line("old_id", "an anonymous caller"),
    `${RPC} is deprecated since 2026-11-01: called by an anonymous caller`,
  ]);
  await clock.advance(HOUR);
  sent({ paths: ["old_id"], source: "user", subject: "ann" });
  expect(lines()).toEqual([`${line("old_id", '"ann" of user')} (and 1 more calls in between)`]);
});

test("the JSON line of a deprecated field has its path as `sends`", () => {
  const { sent, written } = logged("json");
  sent({ paths: ["items[*].sku"], source: "user", subject: "ann" });
  expect(written.map((text) => JSON.parse(text))).toEqual([
    { time: expect.any(String), event: "deprecated", rpc: RPC, sends: "items[*].sku", source: "user", subject: "ann" },
  ]);
});

test("anonymous callers count as one, and foreign text stays on its line", () => {
  const { called, lines } = logged();
  called({ since: "2026-11-01" }, { "user-agent": "curl/8\r\n2027-01-15 forged" });
  called({ since: "2026-11-01" }, { "user-agent": "other" });
  called({ since: "2026-11-01", source: "user", subject: "a\nb" });
  expect(lines()).toEqual([
    `${RPC} is deprecated since 2026-11-01: called by an anonymous caller with "curl/8 2027-01-15 forged"`,
    `${RPC} is deprecated since 2026-11-01: called by "a b" of user`,
  ]);
});

test("a future deprecation is not logged", () => {
  const { called, lines } = logged();
  called({ since: "2027-01-16" });
  expect(lines()).toEqual([]);
  called({ since: "2027-01-15" });
  expect(lines()).toHaveLength(1);
});

test("a maximum of callers is logged separately; further callers share a line until others pause for an hour", () => {
  const calls = new DeprecatedCalls(3);
  const by = (subject: string, now: number, rpc = RPC) => calls.called(rpc, { ...SINCE, subject }, now);
  for (const [i, subject] of ["a", "b", "c"].entries()) expect(by(subject, i)).toMatchObject({ use: { subject } });
  expect(by("d", 10)).toEqual({ rpc: RPC, use: undefined, more: 0 });
  for (let i = 0; i < 10_000; i++) expect(by(`x${i}`, 11)).toBeUndefined();
  expect(by("e", 12, "other")).toEqual({ rpc: "other", use: undefined, more: 0 });
  expect(by("a", 13)).toBeUndefined();
  // a normal caller beside a flood
  expect(by("c", HOUR + 2)).toMatchObject({ use: { subject: "c" }, more: 0 });
  expect(by("d", HOUR + 3)).toMatchObject({ use: { subject: "d" } });
  expect(by("e", HOUR + 3)).toMatchObject({ use: { subject: "e" } });
  expect(by("f", HOUR + 10)).toEqual({ rpc: RPC, use: undefined, more: 10_000 });
});
