// Pages over loopback: the sentences of AIP-158 (https://google.aip.dev/158, in the repository aip-dev/google.aip.dev at
// 08c69647), and two lists that are merged.
import type { JsonObject } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { seeded } from "../../bffs/second/random-message.ts";
import { start } from "../../pages/recipe.ts";
import { seedOf } from "../../support/seed/seed.ts";

const RECIPE = "Pages of one list, and of two";
type Bff = Awaited<ReturnType<typeof start>>;
const PRODUCTS = Array.from({ length: 230 }, (_, i) => ({ id: `p${i}`, title: `product ${i}`, sellerId: "s1" }));

/** An upstream whose cursors are positions. */
const catalog = () =>
  start(RECIPE, {
    stubs: {
      "catalog.v1.CatalogService/Search": ({ cursor = "0", limit }) => {
        const [from, to] = [Number(cursor), Number(cursor) + Number(limit)];
        return { products: PRODUCTS.slice(from, to), nextCursor: to < PRODUCTS.length ? String(to) : "" };
      },
    },
  });
const list = async (bff: Bff, request: JsonObject, rpc = "ListProducts") =>
  (await bff.send(`shop.v1.ShopService/${rpc}`, request)).body;
const count = (page: JsonObject): number => (page.cards as JsonObject[]).length;
const tokenOf = (page: JsonObject): string => (page.nextPageToken ?? "") as string;

test("If the user does not specify page_size (or specifies 0), the API chooses an appropriate default … must not return an error.", async () => {
  const bff = await catalog();
  expect(count(await list(bff, {}))).toBe(20);
  expect(count(await list(bff, { pageSize: 0 }))).toBe(20);
});

test("If the user specifies page_size greater than the maximum permitted by the API, the API should coerce down to the maximum permitted page size.", async () => {
  const bff = await catalog();
  expect(count(await list(bff, { pageSize: 101 }))).toBe(100);
  expect(count(await list(bff, { pageSize: 2 ** 31 - 1 }))).toBe(100);
});

test("If the user specifies a negative value for page_size, the API must send an INVALID_ARGUMENT error.", async () => {
  const bff = await catalog();
  expect(await list(bff, { pageSize: -1 })).toMatchObject({
    code: "invalid_argument",
    message: "page_size: must not be negative",
  });
  expect(bff.upstreamCalls).toEqual([]);
});

test("If the end of the collection has been reached, the next_page_token field must be empty. This is the only way to communicate 'end-of-collection' to users.", async () => {
  const bff = await catalog();
  const titles: unknown[] = [];
  let pages = 0;
  for (let pageToken = "", first = true; first || pageToken !== ""; first = false) {
    const page = await list(bff, { pageToken, pageSize: 100 });
    titles.push(...(page.cards as JsonObject[]).map(({ title }) => title));
    pageToken = tokenOf(page);
    pages++;
  }
  expect(pages).toBe(3);
  expect(titles).toEqual(PRODUCTS.map(({ title }) => title));
});

test("… keep all other arguments to the RPC the same; if any arguments are different, the API should send an INVALID_ARGUMENT error.", async () => {
  const bff = await catalog();
  const pageToken = tokenOf(await list(bff, { text: "tea" }));
  expect(await list(bff, { text: "coffee", pageToken })).toMatchObject({
    code: "invalid_argument",
    message: "page_token",
  });
});

test("If the user changes the page_size in a request for subsequent pages, the service must honor the new page size.", async () => {
  const bff = await catalog();
  const pageToken = tokenOf(await list(bff, { text: "tea", pageSize: 7 }));
  const page = await list(bff, { text: "tea", pageSize: 9, pageToken });
  expect((page.cards as JsonObject[]).map(({ title }) => title)).toEqual(
    PRODUCTS.slice(7, 16).map(({ title }) => title),
  );
});

test("Page tokens provided by APIs must be opaque (but URL-safe) strings, and must not be user-parseable.", async () => {
  const token = tokenOf(await list(await catalog(), {}));
  expect(token).toMatch(/^[\w-]+$/);
  expect(Buffer.from(token, "base64url").toString("latin1")).not.toContain("cursor");
});

test("The page_token field must not be required; equal states give equal tokens.", async () => {
  const bff = await catalog();
  const [first, again] = [await list(bff, {}), await list(bff, { pageToken: "" })];
  expect(first).toEqual(again);
});

test("a token of another rpc is refused with the text of every bad token", async () => {
  const bff = await start(RECIPE, { stubs: lists([9, 8, 7], [6]).stubs });
  const pageToken = tokenOf(await list(bff, { pageSize: 1 }, "ListEvents"));
  expect(pageToken).not.toBe("");
  for (const bad of [pageToken, "x", `${pageToken}A`, "A".repeat(10_000)])
    expect(await list(bff, { pageToken: bad })).toMatchObject({ code: "invalid_argument", message: "page_token" });
});

interface Timed {
  readonly id: string;
  readonly atMs: string;
}

/** Upstreams that never send more than 7 items, and that list by time. */
function lists(orders: readonly number[], mails: readonly number[]) {
  const timed = (kind: string, times: readonly number[]): readonly Timed[] =>
    times.toSorted((a, b) => b - a).map((at, i) => ({ id: `${kind}${i}`, atMs: String(at) }));
  const all = { orders: timed("o", orders), mails: timed("m", mails) };
  const answer =
    (name: "orders" | "mails") =>
    ({ pageToken = "", pageSize }: JsonObject): JsonObject => {
      const from = Number(pageToken || 0);
      const to = from + Math.min(Number(pageSize), 7);
      const items = all[name].slice(from, to).map((item) => ({ ...item }));
      return { [name]: items, nextPageToken: to < all[name].length ? String(to) : "" };
    };
  const stubs = {
    "order.v1.OrderService/ListOrders": answer("orders"),
    "mail.v1.MailService/ListMails": answer("mails"),
  };
  return { stubs, all };
}

test("two merged lists give each item once and in order, for any page sizes", async () => {
  const seed = Number(seedOf("PROTOBFF_PAGES_SEED"));
  let current = lists([], []);
  const bff = await start(RECIPE, {
    stubs: {
      "order.v1.OrderService/ListOrders": (request) =>
        current.stubs["order.v1.OrderService/ListOrders"](request) as JsonObject,
      "mail.v1.MailService/ListMails": (request) =>
        current.stubs["mail.v1.MailService/ListMails"](request) as JsonObject,
    },
  });
  for (let round = 0; round < 60; round++) {
    const random = seeded(seed, "pages", round);
    const whole = (below: number): number => Math.floor(random() * below);
    const times = (): number[] => Array.from({ length: whole(30) }, () => whole(20));
    current = lists(times(), times());
    const found: JsonObject[] = [];
    let pages = 0;
    for (let pageToken = "", first = true; first || pageToken !== ""; first = false) {
      const page = await list(bff, { pageToken, pageSize: 1 + whole(12) }, "ListEvents");
      found.push(...((page.events ?? []) as JsonObject[]));
      pageToken = tokenOf(page);
      expect(++pages, `seed ${seed}`).toBeLessThan(100);
    }
    const ids = found.map(({ id }) => String(id));
    const expected = [...current.all.orders, ...current.all.mails].map(({ id }) => id);
    expect(ids.toSorted(), `seed ${seed}`).toEqual(expected.toSorted());
    const at = found.map(({ atMs }) => Number(atMs ?? 0));
    expect(at, `seed ${seed}`).toEqual(at.toSorted((a, b) => b - a));
  }
}, 60_000);
