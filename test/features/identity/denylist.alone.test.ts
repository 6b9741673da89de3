// Callers and addresses that `bff-key deny` names, and limits that `bff-key limit` overrides, at a generated server with keys in SQLite.
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runBffKey } from "../../../packages/server/src/command/bff-key.ts";
import { GeneratedProject } from "../../support/generated-project.ts";

const SHOP = `syntax = "proto3";
package shop.v1;
import "bff/v1/identity.proto";
import "bff/v1/options.proto";
option (bff.v1.file) = {
  identity: { source: { name: "robot" api_key: {} } }
};
service ShopService {
  option (bff.v1.service) = { permit: {} };
  rpc GetPage(GetPageRequest) returns (Page);
  rpc GetFew(GetPageRequest) returns (Page) {
    option (bff.v1.method).rate_limit = { name: "few" key: "'user ' + principal.subject" rate: 2 per: "1d" };
  }
}
message GetPageRequest { string id = 1; }
message Page {
  option (bff.v1.message) = {
    let: { name: "item" call: { method: "up.v1.ItemService/GetItem" set: { name: "id" by: "args.id" } } }
  };
  string name = 1 [(bff.v1.field).by = "item.name"];
}
`;
/** The same without callers: an early limit precedes the message. */
const OPEN = SHOP.replaceAll("shop.v1", "open.v1")
  .replace(/import "bff.v1.identity.proto";|option .bff.v1.file. = \{[^;]*\};/g, "")
  .replace("{ permit: {} }", "{}")
  .replace(`"'user ' + principal.subject" rate: 2`, '"peer.address" rate: 1000000');
const project = new GeneratedProject("denylist", { "shop/v1/shop.proto": SHOP, "open/v1/open.proto": OPEN });
beforeAll(() => project.generate());
afterAll(() => project.remove());
/** ErrorInfo with the reason DENIED and the domain bff.v1. */
const REASON = "CgZERU5JRUQSBmJmZi52MQ";
const items = { "up.v1.ItemService/GetItem": ({ id }: { id: string }) => ({ name: `item ${id}` }) };
const store = () => ({ BFF_STORE_FILE: join(project.folder, "keys.db") });

async function command(...args: readonly string[]): Promise<string> {
  const { code, out } = await bffKey(store(), ...args);
  expect(code).toBe(0);
  return out.trim();
}
async function bffKey(env: Readonly<Record<string, string>>, ...args: readonly string[]) {
  const [out, error]: [string[], string[]] = [[], []];
  const code = await runBffKey(args, env, {
    out: (text) => void out.push(text),
    error: (text) => void error.push(text),
  });
  return { code, out: out.join(""), error: error.join("") };
}

test("a denied caller and a denied address are refused within 5 s, and others are not", async () => {
  const [ada, bea] = [await command("create", "--subject", "ada"), await command("create", "--subject", "bea")];
  const { post, log } = await project.served("shop/v1/server.ts", items, {
    ...store(),
    BFF_AUDIT: "stderr",
  });
  const send = (key?: string) =>
    post("shop.v1.ShopService/GetPage", { id: "1" }, key === undefined ? {} : { headers: { "x-api-key": key } });
  const status = async (key?: string): Promise<number> => (await send(key)).status;
  const until = async (expected: number, key?: string): Promise<void> => {
    while ((await status(key)) !== expected);
  };
  expect([await status(ada), await status(bea), await status()]).toEqual([200, 200, 401]);
  await command("deny", "subject", "ada", "--why", "abuse");
  await until(403, ada);
  expect(await send(ada)).toMatchObject({
    status: 403,
    body: { code: "permission_denied", message: "permission denied", details: [{ value: REASON }, {}] },
  });
  expect(await status(bea)).toBe(200);
  expect(log()).toContain('"reason":"subject \\"ada\\" is on the denylist: abuse"');
  await command("allow", "subject", "ada");
  await until(200, ada);
  await command("deny", "address", "127.0.0.0/8", "--why", "scans");
  await until(403);
  expect(await status(bea)).toBe(403);
  await command("allow", "address", "127.0.0.0/8");
});

test("all processes admit a caller by the rate that overrides its limit, within 5 s", async () => {
  const [ada, bea] = [await command("create", "--subject", "ada"), await command("create", "--subject", "bea")];
  const env = store();
  const servers = await Promise.all([1, 2].map(() => project.served("shop/v1/server.ts", items, env)));
  const statuses = servers.map(({ post }) => async (key: string): Promise<number> => {
    const { status } = await post("shop.v1.ShopService/GetFew", { id: "1" }, { headers: { "x-api-key": key } });
    return status;
  });
  for (const status of statuses)
    for (const key of [ada, bea])
      expect([await status(key), await status(key), await status(key)]).toEqual([200, 200, 429]);
  await command("limit", "shop.v1/few", "user ada", "--rate", "4");
  for (const status of statuses) {
    while ((await status(ada)) !== 200);
    expect([await status(ada), await status(ada), await status(bea)]).toEqual([200, 429, 429]);
  }
});

test("a denied address is refused by a package without callers, by an rpc with an early limit, too", async () => {
  const file = { BFF_STORE_FILE: join(project.folder, "open.db") };
  const denyAddress = ["deny", "address", "127.0.0.1", "--why", "scans"];
  const early = await bffKey(file, ...denyAddress, "--require-server");
  expect(early).toMatchObject({ code: 1, error: expect.stringContaining("no live server applies this: none of") });
  await bffKey(file, "allow", "address", "127.0.0.1");
  const { post, log, stop } = await project.served("open/v1/server.ts", items, { ...file, BFF_AUDIT: "stderr" });
  const statuses = async () => [
    (await post("open.v1.ShopService/GetPage", { id: "1" })).status,
    (await post("open.v1.ShopService/GetFew", { id: "1" })).status,
  ];
  expect(await statuses()).toEqual([200, 200]);
  const subject = await bffKey(file, "deny", "subject", "ada", "--why", "abuse", "--require-server");
  expect(subject).toMatchObject({
    code: 1,
    error: "subject ada is on the denylist, but no live server applies this: none of open.v1 has a source of callers\n",
  });
  const rate = ["limit", "open.v1/fw", "k", "--rate", "3"];
  expect(await bffKey(file, ...rate)).toMatchObject({
    code: 0,
    error: expect.stringContaining("no live server applies this: none of open.v1 has the limit open.v1/fw"),
  });
  expect(await bffKey(file, ...denyAddress, "--require-server")).toMatchObject({
    code: 0,
    error: "address 127.0.0.1 is denied\n",
  });
  while ((await statuses()).some((status) => status !== 403));
  expect(log()).toContain('"reason":"address is on the denylist: scans"');
  expect((await bffKey(file, "servers", "--json")).out).toMatch(/"name":"open.v1".*"limits":\["open.v1\/few"\]/);
  await stop();
  expect((await bffKey(file, "servers", "--json")).out).toBe("");
});

test("BFF_OVERRIDES=false turns the tables off, and bff-key reports it", async () => {
  const file = { BFF_STORE_FILE: join(project.folder, "off.db") };
  const { post } = await project.served("open/v1/server.ts", items, { ...file, BFF_OVERRIDES: "false" });
  const denied = await bffKey(file, "deny", "address", "127.0.0.1", "--why", "scans");
  expect(denied).toMatchObject({ code: 0, error: expect.stringContaining("no live server applies this") });
  expect((await post("open.v1.ShopService/GetPage", { id: "1" })).status).toBe(200);
});

test("a server without a store does not start", () => {
  const url = { UP_V1_ITEMSERVICE_URL: "http://127.0.0.1:1", BFF_OVERRIDES: "true" };
  const { status, stderr } = project.start("shop/v1/server.ts", url);
  expect(status).toBe(2);
  expect(stderr).toContain("BFF_STORE_FILE is not set, nor is DATABASE_URL, and BFF_OVERRIDES needs one");
});
