// Functions of one's own in expressions: begun by `init-resolvers`, type-checked, called by a generated server, and held against the oracle.
import { Code, ConnectError } from "@connectrpc/connect";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fails, irOf, run } from "../../proofs/oracle/scenario.ts";
import { GeneratedProject, type Handlers } from "../../support/generated-project.ts";
import { UPSTREAMS } from "../../support/golden.ts";

const PROTOS = {
  "shop/v1/shop.proto": `syntax = "proto3";
package shop.v1;
import "bff/v1/degradation.proto";
import "bff/v1/options.proto";
option (bff.v1.file) = {
  upstream: { retry: { if: "slug.transient(error.message)" backoff: { initial: "1ms" max: "1ms" } } }
  function: [
    { name: "slug.of" param: ["string"] result: "string" },
    { name: "slug.transient" param: ["string"] result: "bool" },
    { name: "price.best" param: ["list(up.v1.Item)", "int"] result: "up.v1.Item" }
  ]
};
service Shop {
  option (bff.v1.service) = {};
  rpc GetPage(GetPageRequest) returns (Page) { option idempotency_level = NO_SIDE_EFFECTS; }
}
message GetPageRequest { string id = 1; int32 most = 2; }
message Page {
  option (bff.v1.message) = { let: [
    { guard: { if: "slug.of(args.id) == 'sold-out'" fail: { code: FAILED_PRECONDITION } } },
    { name: "found" call: { method: "up.v1.ItemService/FindItems" set: { name: "text" by: "slug.of(args.id)" } } },
    { name: "best" supplementary: true by: "price.best(found.items, args.most)" }
  ] };
  string slug = 1 [(bff.v1.field).by = "slug.of(args.id)"];
  optional string best = 2 [(bff.v1.field).by = "best.name"];
  bool any = 3 [(bff.v1.field).by = "slug.of(args.id) == 'x' || size(found.items) > 0"];
  repeated string slugs = 4 [(bff.v1.field).by = "found.items.map(i, slug.of(i.name))"];
  repeated bff.v1.Degradation degraded = 15;
}
`,
};
const FUNCTIONS = `import type { ShopFunctions } from "./shop/v1/shop_bff.ts";
export const functions = {
  slugOf: (text) => {
    if (text === "throw") throw new Error("no slug");
    if (text === "later") return Promise.resolve("a") as never;
    if (text === "nothing") return undefined as never;
    return text.toLowerCase().replaceAll(" ", "-");
  },
  slugTransient: (message) => message.includes("again"),
  priceBest: (items, most) => {
    const best = items.filter((item) => item.priceCents <= most).sort((a, b) => Number(b.priceCents - a.priceCents))[0];
    if (best === undefined) throw new Error("all too dear");
    return best;
  },
} satisfies ShopFunctions;
`;
const project = new GeneratedProject("own-functions", PROTOS);

beforeAll(() => project.generate());
afterAll(() => project.remove());

const ITEMS = [
  { id: "1", name: "Big Tent", priceCents: 900n },
  { id: "2", name: "Small Tent", priceCents: 300n },
];

async function served() {
  const texts: string[] = [];
  const handlers: Handlers<{ text: string }> = {
    "up.v1.ItemService/FindItems": ({ text }) => {
      texts.push(text);
      if (text === "down") throw new ConnectError("gone for good", Code.Unavailable);
      if (text === "busy" && texts.length < 2) throw new ConnectError("try again", Code.Unavailable);
      return { items: text === "empty" ? [] : ITEMS };
    },
  };
  const { post, log } = await project.served("shop/v1/server.ts", handlers);
  return { get: (request: object) => post("shop.v1.Shop/GetPage", request), texts, log };
}

/** What the oracle says, given functions that do the same. */
function foretold(id: string, most: number) {
  const ir = irOf({ ...UPSTREAMS, ...PROTOS });
  const slug = (text: string) => text.toLowerCase().replaceAll(" ", "-");
  return run(ir, "shop.v1.Shop/GetPage", {
    request: { id, most },
    calls: [
      [
        "up.v1.ItemService/FindItems",
        { text: slug(id) },
        id === "down"
          ? fails("UNAVAILABLE")
          : { items: id === "empty" ? [] : ITEMS.map((item) => ({ ...item, priceCents: String(item.priceCents) })) },
      ],
    ],
    functions: {
      "slug.of": (text) => (["throw", "later", "nothing"].includes(text as string) ? undefined : slug(text as string)),
      "price.best": (items, cents) => {
        const all = [...(items as Iterable<{ readonly message: { readonly priceCents: bigint } }>)];
        return all.find(({ message }) => message.priceCents <= (cents as bigint)) as never;
      },
    },
  });
}

describe("functions in expressions", () => {
  test("have stubs from init-resolvers, with TypeScript types", () => {
    const { stdout, stderr } = project.initResolvers("begun.ts");
    expect([stdout, stderr]).toEqual(["begun.ts is new, with 3 functions: priceBest, slugOf, slugTransient\n", ""]);
    project.write("resolvers.ts", FUNCTIONS);
    expect(project.initResolvers("resolvers.ts").stdout).toBe("resolvers.ts has all functions\n");
    project.write("wrong.ts", FUNCTIONS.replace("text.toLowerCase()", "BigInt(text)"));
    expect(
      project
        .typeChecked()
        .split("\n")
        .filter((line) => line !== "" && !line.includes("wrong.ts")),
    ).toEqual([]);
    expect(project.typeChecked()).toContain("wrong.ts");
  });

  test("are required at the start", () => {
    const env = { UP_V1_ITEMSERVICE_URL: "http://127.0.0.1:1", BFF_RESOLVERS: "half.ts" };
    project.write("half.ts", "export const functions = { slugOf: () => '' };\n");
    expect(project.start("shop/v1/server.ts", env).stderr).toContain(
      'BFF_RESOLVERS is "half.ts", which lacks priceBest, slugTransient in its `functions`',
    );
    project.write("half.ts", "export const resolvers = {};\n");
    expect(project.start("shop/v1/server.ts", env).stderr).toContain("which exports no object `functions`");
  });

  test("return values in steps, fields, guards and retries", async () => {
    project.write("resolvers.ts", FUNCTIONS);
    const { get, texts } = await served();
    const expected = { slug: "big-one", best: "Small Tent", any: true, slugs: ["big-tent", "small-tent"] };
    expect(await get({ id: "Big One", most: 500 })).toEqual({ status: 200, body: expected });
    expect(foretold("Big One", 500).answer).toEqual(expected);
    expect(texts).toEqual(["big-one"]);
    expect(await get({ id: "Sold Out" })).toMatchObject({ status: 400, body: { code: "failed_precondition" } });
    texts.length = 0;
    expect((await get({ id: "busy", most: 500 })).status).toBe(200);
    expect(texts).toEqual(["busy", "busy"]);
    // Not transient, so that nothing is tried again.
    texts.length = 0;
    expect((await get({ id: "down" })).status).toBe(503);
    expect(texts).toEqual(["down"]);
    expect(foretold("down", 0).statuses).toEqual([[14]]);
  });

  test("fail their expressions if they throw, wait or return nothing", async () => {
    project.write("resolvers.ts", FUNCTIONS);
    const { get, log } = await served();
    const body = { slug: "a", any: true, slugs: ["big-tent", "small-tent"] };
    const degraded = [{ path: "best", effect: "EFFECT_MISSING", reason: "REASON_INVALID" }];
    expect((await get({ id: "a", most: 1 })).body).toEqual({ ...body, degraded });
    const { answer, degraded: degradations } = foretold("a", 1);
    expect({ answer, degradations }).toEqual({ answer: body, degradations: ["best MISSING INVALID"] });
    for (const id of ["throw", "later", "nothing"]) {
      expect((await get({ id, most: 500 })).body).toMatchObject({ code: "internal", message: "internal error" });
      expect(foretold(id, 500).statuses).toEqual([[13]]);
    }
    await expect.poll(log).toContain("slug.of threw: Error: no slug");
  });
});
