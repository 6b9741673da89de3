// Fair shares of a generated server, at the limit of an upstream and at the door. The upstream answers when the test
// lets it, and the metrics show how many requests have arrived, so that no order depends on time.
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runBffKey } from "../../../packages/server/src/command/bff-key.ts";
import { freePort } from "../../../runtime/src/testing/ports.ts";
import { GeneratedProject } from "../../support/generated-project.ts";

const SHOP = `syntax = "proto3";
package shop.v1;
import "bff/v1/identity.proto";
import "bff/v1/options.proto";
option (bff.v1.file) = {
  identity: { source: { name: "robot" api_key: {} } }
  fair_share: { key: "principal.subject" weight: "principal.subject == 'pro' ? 3.0 : 1.0" queue: 4 }
  upstream: { service: "up.v1.ItemService" limit: { concurrent: 1 queued: 100 } }
};
service ShopService {
  option (bff.v1.service) = { permit: {} };
  rpc GetPage(GetPageRequest) returns (Page) { option (bff.v1.method).timeout = "5m"; }
}
message GetPageRequest { string id = 1; }
message Page {
  option (bff.v1.message) = {
    let: { name: "item" call: { method: "up.v1.ItemService/GetItem" set: { name: "id" by: "args.id" } } }
  };
  string name = 1 [(bff.v1.field).by = "item.name"];
}
`;
const project = new GeneratedProject("fair-share", { "shop/v1/shop.proto": SHOP });
afterAll(() => project.remove());

const store = () => ({ BFF_STORE_FILE: join(project.folder, "keys.db") });
const keys = new Map<string, string>();
beforeAll(async () => {
  project.generate();
  for (const tenant of ["noisy", "quiet", "pro"]) {
    const printed: string[] = [];
    const io = { out: (text: string) => void printed.push(text), error: () => {} };
    expect(await runBffKey(["create", "--subject", tenant], store(), io)).toBe(0);
    keys.set(tenant, printed.join("").trim());
  }
});

/** A server, and an upstream that holds its answers. */
async function served(env: Readonly<Record<string, string>> = {}) {
  const order: string[] = [];
  const held: (() => void)[] = [];
  const items = {
    "up.v1.ItemService/GetItem": ({ id }: { id: string }) =>
      new Promise<{ name: string }>((resolve) => {
        order.push(id);
        held.push(() => resolve({ name: id }));
      }),
  };
  const port = await freePort();
  const admin = { BFF_ADMIN_PORT: String(port) };
  const { post, log } = await project.served("shop/v1/server.ts", items, { ...store(), ...admin, ...env });
  const metric = async (name: string): Promise<number> => {
    const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    return [...text.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\d+)$`, "gm"))].reduce(
      (sum, [, value]) => sum + Number(value),
      0,
    );
  };
  const answers: ReturnType<typeof post>[] = [];
  /** Sends requests of a tenant, and returns when all have arrived and `waiting` are not answered. */
  const send = async (tenant: string, count: number, waiting: number): Promise<void> => {
    for (let i = 0; i < count; i++)
      answers.push(
        post("shop.v1.ShopService/GetPage", { id: tenant }, { headers: { "x-api-key": keys.get(tenant) ?? "" } }),
      );
    while ((await metric("bff_requests_in_flight")) !== waiting);
  };
  /** Answers one call at a time, and returns the tenants in the order of their calls. */
  const drain = async (calls: number): Promise<readonly string[]> => {
    for (let answered = 0; answered < calls; ) {
      const answer = held[answered];
      if (answer === undefined) await new Promise((resolve) => setImmediate(resolve));
      else {
        answer();
        answered++;
      }
    }
    return order;
  };
  return { send, drain, metric, log, answers };
}

describe.each([
  { place: "up.v1.ItemService", env: {} },
  { place: "door", env: { BFF_MAX_REQUESTS: "1" } },
])("at $place", ({ place, env }) => {
  test("the noisy tenant is refused beyond its queue, and the others are served by their weights", async () => {
    const { send, drain, metric, log, answers } = await served(env);
    await send("noisy", 1, 1);
    await send("noisy", 10, 5); // 4 wait, 6 are refused
    await send("quiet", 2, 7);
    await send("pro", 4, 11);
    expect(await metric(`bff_share_refused_total\\{place="${place}"\\}`)).toBe(6);
    const order = await drain(11);
    expect(order).toEqual([
      ...["noisy", "noisy", "quiet", "pro", "pro", "pro"],
      ...["noisy", "quiet", "pro", "noisy", "noisy"],
    ]);
    const found = await Promise.all(answers);
    const refused = found.filter(({ status }) => status !== 200);
    expect(found.length - refused.length).toBe(11);
    expect(new Set(refused.map(({ status, body }) => `${status} ${String(body.code)}`))).toEqual(
      new Set(["429 resource_exhausted"]),
    );
    expect(log()).toContain(
      `fair share: the key "noisy" had 1 of 1 refusal at ${place === "door" ? "the door" : place}`,
    );
  });
});
