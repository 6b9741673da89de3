import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Facts } from "../../../packages/messages/src/upstream-facts/index.ts";
import { renderLock } from "../../../plugin/src/lock/document.ts";
import { run } from "../testing/run.ts";

const field = (number: number, type: string, more: object = {}): Facts => ({
  kind: "field",
  number,
  type,
  cardinality: "singular",
  presence: "implicit",
  ...more,
});
const method = (request: string, response: string): Facts => ({
  kind: "method",
  request,
  response,
  streaming: "none",
  idempotency: "NO_SIDE_EFFECTS",
});
const entry = (...elements: [string, Facts, string][]) =>
  new Map(elements.map(([name, facts, option]) => [name, { facts, usedBy: [option], vouchedBy: [] }]));

const lock = new Map([
  [
    "web/v1/web.proto",
    entry(
      [
        "billing.v1.BillingService/GetUsage",
        method("billing.v1.GetUsageRequest", "billing.v1.Usage"),
        "web.v1.Page let.usage.call.method",
      ],
      ["billing.v1.Usage.cents", field(1, "int64", { deprecated: true }), "web.v1.Page.cents by"],
      [
        "billing.v1.Usage.plans",
        field(2, "map<string, billing.v1.Plan>", { cardinality: "map" }),
        "web.v1.Page.plan by",
      ],
      ["billing.v1.Plan.kind", field(1, "billing.v1.Kind", { presence: "explicit" }), "web.v1.Page.plan by"],
      ["billing.v1.Kind.KIND_FREE", { kind: "value", number: 1 }, "policy/v1/policy.proto: upstream[*].retry.if"],
      [
        "user.v1.UserService/GetUser",
        method("user.v1.GetUserRequest", "user.v1.User"),
        "web.v1.Page let.user.call.method",
      ],
      ["user.v1.User.name", field(1, "string"), "web.v1.Page.name by"],
    ),
  ],
  ["mobile/v1/mobile.proto", entry(["billing.v1.Usage.cents", field(1, "int64"), "mobile.v1.Home.cents by"])],
]);

describe("protobff contract uses", () => {
  let dir: string;
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), "protobff-"));
    writeFileSync(join(dir, "bff.lock.json"), renderLock(lock));
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  test("uses prints the parts of an upstream that must stay compatible", async () => {
    const { exitCode, stdout, stderr } = await run(
      ["contract", "uses", "--upstream", "billing.v1.BillingService"],
      dir,
    );
    expect([exitCode, stderr]).toEqual([0, ""]);
    expect(stdout).toBe(`billing.v1.BillingService: what BFFs use of it, and must stay as it is

billing.v1.BillingService/GetUsage  (billing.v1.GetUsageRequest) returns (billing.v1.Usage), NO_SIDE_EFFECTS
    web/v1/web.proto: web.v1.Page let.usage.call.method
billing.v1.Kind.KIND_FREE  = 1
    policy/v1/policy.proto: upstream[*].retry.if
billing.v1.Plan.kind  billing.v1.Kind = 1, may be unset
    web/v1/web.proto: web.v1.Page.plan by
billing.v1.Usage.cents  int64 = 1
    mobile/v1/mobile.proto: mobile.v1.Home.cents by
    web/v1/web.proto: web.v1.Page.cents by
billing.v1.Usage.plans  map<string, billing.v1.Plan> = 2
    web/v1/web.proto: web.v1.Page.plan by
`);
  });

  test.each([
    [["--upstream", "billing.v1.BilingService"], 1, 'did you mean "billing.v1.BillingService"?'],
    [["--upstream", "nothing.like.It"], 1, "it uses billing.v1.BillingService, user.v1.UserService"],
    [[], 2, "required option '--upstream <service>' not specified"],
    [["--upstream", "a.B", "--loc", "x"], 2, "unknown option '--loc'\n(Did you mean --lock?)"],
  ])("%j is refused", async (args, code, message) => {
    const { exitCode, stdout, stderr } = await run(["contract", "uses", ...args], dir);
    expect([exitCode, stdout]).toEqual([code, ""]);
    expect(stderr).toContain(message);
  });

  test("a missing or unreadable lock is explained", async () => {
    const at = async (file: string) =>
      (await run(["contract", "uses", "--upstream", "a.B", "--lock", file], dir)).stderr;
    expect(await at("none.json")).toBe('there is no "none.json": run `buf generate`, or name the lock with --lock\n');
    writeFileSync(join(dir, "bad.json"), "{");
    expect(await at("bad.json")).toContain('bad.json:1:2: "bad.json" cannot be read: it is not JSON');
    writeFileSync(join(dir, "bad.json"), '{\n  "version": 3,\n  "files": nope\n}\n');
    expect(await at("bad.json")).toContain('bad.json:3:13: "bad.json" cannot be read: it is not JSON');
  });
});
