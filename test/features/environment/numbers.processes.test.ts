// Numbers of options that variables have: one generated server, started with other values.
import type { HandlerContext } from "@connectrpc/connect";
import { afterAll, beforeAll, expect, test } from "vitest";
import { GeneratedProject, type Handlers } from "../../support/generated-project.ts";

const PROTO = `syntax = "proto3";
package shop.v1;
import "bff/v1/options.proto";
import "up/v1/up.proto";
option (bff.v1.file) = {
  env: [
    { name: "WAIT" type: "duration" default: "1s" min: "10ms" max: "20s" },
    { name: "WHOLE" type: "duration" default: "30s" min: "25s" max: "1h" },
    { name: "KEPT" type: "duration" default: "1ms" min: "1ms" max: "1h" },
    { name: "WINDOW" type: "duration" min: "1s" max: "1m" },
    { name: "RATE" type: "int" default: "100000" min: "1" max: "100000" }
  ]
  rate_limit: { name: "all" key: "'all'" rate_env: "RATE" per: "day" local: true }
  upstream: { service: "up.v1.ItemService" breaker: { window: "{env.WINDOW}" } }
};
service Shop {
  option (bff.v1.service) = {};
  rpc GetPage(GetPageRequest) returns (Page) {
    option idempotency_level = NO_SIDE_EFFECTS;
    option (bff.v1.method).timeout = "{env.WHOLE}";
  }
}
message GetPageRequest { string id = 1; }
message Page {
  option (bff.v1.message) = {
    let: [
      {
        name: "item"
        call: { method: "up.v1.ItemService/GetItem" set: { name: "id" by: "args.id" } timeout: "{env.WAIT}" }
      },
      {
        name: "kept"
        call: {
          method: "up.v1.ItemService/GetItem"
          set: { name: "id" by: "'kept'" }
          cache: { ttl: "{env.KEPT}" }
        }
      }
    ]
  };
  string name = 1 [(bff.v1.field).by = "item.name"];
  string kept = 2 [(bff.v1.field).by = "kept.name"];
}
`;
const project = new GeneratedProject("numbers", { "shop/v1/shop.proto": PROTO });
beforeAll(() => project.generate());
afterAll(() => project.remove());

/** Starts the server beside an upstream that answers with the time that a call leaves it. */
async function start(env: Readonly<Record<string, string>>) {
  let kept = 0;
  const seen: number[] = [];
  const handlers: Handlers<never> = {
    "up.v1.ItemService/GetItem": ({ id }: { id: string }, context: HandlerContext) => {
      if (id === "kept") return { name: `${++kept}` };
      seen.push(context.timeoutMs() ?? Number.POSITIVE_INFINITY);
      return { name: id };
    },
  };
  const { post, stop } = await project.served("shop/v1/server.ts", handlers, { WINDOW: "2s", ...env });
  const page = async () => (await post("shop.v1.Shop/GetPage", { id: "a" })).body;
  return { page, stop, seen, kept: () => kept };
}

test("a server reads timeouts and times of caches at its start", async () => {
  expect(project.typeChecked()).toBe("");
  const short = await start({ WAIT: "5s" });
  expect(await short.page()).toEqual({ name: "a", kept: "1" });
  // Answers are kept for a millisecond only.
  await expect.poll(async () => (await short.page()).kept).not.toBe("1");
  expect(Math.max(...short.seen)).toBeLessThanOrEqual(5_000);
  const long = await start({ WAIT: "20s", KEPT: "1h" });
  expect([await long.page(), await long.page()]).toEqual([
    { name: "a", kept: "1" },
    { name: "a", kept: "1" },
  ]);
  expect(long.kept()).toBe(1);
  expect(Math.min(...long.seen)).toBeGreaterThan(5_000);
});

test("a server refuses requests above the rate of its start", async () => {
  for (const rate of [2, 3]) {
    const { page } = await start({ RATE: `${rate}` });
    for (let i = 0; i < rate; i++) expect(await page()).toMatchObject({ name: "a" });
    expect(await page()).toMatchObject({ code: "resource_exhausted" });
  }
});

test("a server does not start with a number outside of the bounds", () => {
  const { status, stderr } = project.start("shop/v1/server.ts", {
    WAIT: "21s",
    WHOLE: "1s",
    WINDOW: "2s",
    RATE: "100001",
  });
  expect(status).toBe(2);
  expect(stderr).toContain('WAIT is "21s", above its maximum of 20s; write at most 20s');
  expect(stderr).toContain('WHOLE is "1s", below its minimum of 25s; write at least 25s');
  expect(stderr).toContain('RATE is "100001", above its maximum of 100000; write at most 100000');
});
