// What the lock says of who may call: a permit that becomes wider is a difference that a review sees.
import { describe, expect, test } from "vitest";
import { compile } from "../../../plugin/src/compile.ts";
import { goldenTexts } from "../../support/archive.ts";
import { requestOf, UPSTREAMS } from "../../support/golden.ts";

const file = "shop/v1/shop.proto";
const proto = goldenTexts("emit/permits", "proto")[file] ?? "";

function run(text: string, lock?: string, ci = false) {
  const protos = { [file]: text };
  const texts: Readonly<Record<string, string>> = { ...UPSTREAMS, ...protos };
  return compile(requestOf({ protos }), (name) => texts[name], { text: lock, ci });
}
const permitsOf = (lock: string | undefined) => JSON.parse(lock ?? "{}").permits?.[file];
const locked = run(proto).lock ?? "";

test("each rpc has the permits of its service and its own combined", () => {
  const user = "principal.tenant == args.tenant";
  const open = "!env.CLOSED || 'admin' in principal.roles";
  expect(permitsOf(locked)).toMatchObject({
    "shop.v1.OpenService/About": { public: true },
    "shop.v1.OpenService/Known": { sources: ["robot", "user"] },
    "shop.v1.ShopService/GetPage": { sources: ["robot", "user"], scopes: ["read"], if: [open] },
    "shop.v1.ShopService/GetOwnPage": {
      sources: ["user"],
      scopes: ["own", "read"],
      roles: [["admin", "owner"]],
      if: [open, user],
    },
  });
});

test("upstream fields that a permit reads are in the lock under the permit's path", () => {
  const { files } = JSON.parse(locked);
  const uses = files[file]["up.v1.Order.paid"].used_by;
  expect(uses).toEqual(["shop.v1.ShopService/GetDecidedPage permit.if"]);
  expect(files[file]["up.v1.OrderService/GetOrder"].used_by).toEqual([
    "shop.v1.ShopService/GetDecidedPage permit let.order.call.method",
  ]);
});

test("equal permits write nothing", () => {
  expect(run(proto, locked).lock).toBeUndefined();
  expect(run(proto, locked, true).diagnostics).toEqual([]);
});

describe.each([
  ["a scope is dropped", (text: string) => text.replace(' scope: "read" if:', " if:"), "GetDecidedPage"],
  ["a rpc drops its roles", (text: string) => text.replace('role: ["owner", "admin"]', ""), "GetOwnPage"],
  [
    "a role is added",
    (text: string) => text.replace('["owner", "admin"]', '["owner", "admin", "guest"]'),
    "GetOwnPage",
  ],
  [
    "a condition is weaker",
    (text: string) => text.replace("!ok(order) || order.paid", "true || order.paid"),
    "GetDecidedPage",
  ],
  ["an rpc is public", (text: string) => text.replace(".permit = {};", ".permit.public = true;"), "Known"],
  [
    "the identity gets a source",
    (text: string) =>
      text.replace(
        'name: "robot"',
        'name: "other" api_key: { header: "x-other" } set: [{ name: "subject" by: "credential.subject" }] }, { name: "robot"',
      ),
    "Known",
    // What it is a consequence of is told instead.
    /in the identity source "other"/,
  ],
])("%s", (_, widen, rpc, pattern = new RegExp(`in the permit of "shop.v1.[A-Za-z]+/${rpc}"`)) => {
  const wider = widen(proto);
  test("changes the lock", () => {
    expect(wider).not.toBe(proto);
    const { lock } = run(wider, locked);
    expect(permitsOf(lock)).not.toEqual(permitsOf(locked));
  });
  test("is an error in CI, at the permit", () => {
    const { diagnostics, lock } = run(wider, locked, true);
    const errors = diagnostics.filter(({ severity }) => severity === "error");
    expect(errors.map(({ code }) => code)).toEqual(["BFF902"]);
    expect(errors[0]?.message).toMatch(pattern);
    expect(lock).toBeUndefined();
  });
});
