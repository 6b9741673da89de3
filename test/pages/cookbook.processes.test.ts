// The recipes of docs/cookbook.md generate the plans that the page shows, and do over loopback what it says. The code that they generate is
// held by golden-emit.test.ts.
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { create, createFileRegistry, type DescMethodUnary, type JsonObject } from "@bufbuild/protobuf";
import { DurationSchema, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { GrpcClient, type Observer, type ResponseStartEvent, type UnaryClient } from "@protobff/runtime";
import { HttpJsonClient } from "@protobff/runtime/http-json";
import { expect, onTestFinished, test, vi } from "vitest";
import { isDeclared } from "../../packages/server/src/testing/declared-error.ts";
import { renderDiagnostics } from "../../plugin/src/diagnostic/render.ts";
import { compileCase, requestOf, UPDATE } from "../support/golden.ts";
import type { StubbedBff } from "../support/stubbed-bff.ts";
import { COOKBOOK, type Recipe } from "./cookbook.ts";
import { ANYBODY, DOWN, degraded, fails, get, recipes, STUBS, start, upstreams } from "./recipe.ts";

function planOf(recipe: Recipe): string {
  const texts = { ...upstreams, ...recipe.protos };
  const { response, diagnostics } = compileCase(requestOf(recipe, upstreams), texts, "import_extension=ts,plan=text");
  expect(renderDiagnostics(diagnostics, (file) => texts[file], "text")).toBe("");
  return response.file.find(({ name }) => name.endsWith("_plan.txt"))?.content ?? "";
}

test("the cookbook has as many numbered recipes as it announces", () => {
  const page = readFileSync(COOKBOOK, "utf8");
  expect(page).toContain("\nThirty-one things ");
  const numbers = [...page.matchAll(/^## (\d+)\. /gm)].map(([, number]) => Number(number));
  expect(numbers).toEqual(Array.from({ length: 31 }, (_, i) => i + 1));
});

test.each(recipes)("$title: the page shows the plan of the compiler", (recipe) => {
  const plan = planOf(recipe);
  if (UPDATE) {
    const page = readFileSync(COOKBOOK, "utf8");
    const at = page.indexOf("```text\n", page.indexOf(`. ${recipe.title}\n`)) + "```text\n".length;
    writeFileSync(COOKBOOK, page.slice(0, at) + plan + page.slice(page.indexOf("```\n", at)));
  } else expect(recipe.plan).toBe(plan);
});

test("calls run side by side, and one after the other", async () => {
  const bff = await start("Side by side, and one after the other");
  expect(await get(bff, "GetPage", { productId: "p1" })).toEqual({
    title: "product p1",
    available: 4,
    seller: "user s1",
  });
  expect(bff.upstreamCalls.at(-1)).toBe("UserService/GetUser");
});

test("a part of the response may be missing", async () => {
  let answer = STUBS["review.v1.ReviewService/ListReviews"]!;
  const bff = await start("A part that may be missing", {
    stubs: { "review.v1.ReviewService/ListReviews": (...args) => answer(...args) },
  });
  const page = () => get(bff, "GetPage", { productId: "p1" });
  expect(await page()).toEqual({ title: "product p1", reviews: ["good", "fair"], stars: 3.5 });
  answer = () => ({});
  expect(await page()).toEqual({ title: "product p1" });
  answer = DOWN;
  const without = await page();
  expect(without.title).toBe("product p1");
  expect(degraded(without)).toEqual(["reviews: EFFECT_MISSING", "stars: EFFECT_MISSING"]);
});

test("a fallback replaces a failed call", async () => {
  const bff = await start("A value whatever happens", {
    stubs: { "recommend.v1.RecommendService/Recommend": DOWN },
    env: { BESTSELLERS: ["b1", "b2"] },
  });
  const home = await get(bff, "GetHome", { userId: "u1" });
  expect(home.productIds).toEqual(["b1", "b2"]);
  expect(degraded(home)).toEqual(["product_ids: EFFECT_REPLACED"]);
});

test("the request selects calls", async () => {
  const bff = await start("Calls that the request selects");
  expect(await get(bff, "GetPage", { productId: "p1" })).toEqual({ title: "product p1" });
  expect(bff.upstreamCalls).toEqual(["CatalogService/GetProduct"]);
  expect(await get(bff, "GetPage", { productId: "p1", withReviews: true })).toMatchObject({ reviewCount: 2 });
});

test("the request selects one of two upstreams", async () => {
  const bff = await start("One of two upstreams", { stubs: { "recommend.v1.RecommendService/Recommend": DOWN } });
  expect(await get(bff, "GetHome", { beta: true })).toEqual({ productIds: ["p2", "p1"] });
  expect(bff.upstreamCalls).toEqual(["RecommendService/Recommend"]);
});

test("one call fetches a card for each item", async () => {
  const bff = await start("A card per item, one call for all");
  expect(await get(bff, "Search", { text: "tea" })).toEqual({
    cards: [{ title: " 1", seller: "user s1" }, { title: " 2", seller: "user s1" }, { title: " 3" }],
  });
  expect(bff.upstreamCalls).toEqual(["CatalogService/Search", "UserService/BatchGetUsers"]);
});

test("shards give the best of several lists", async () => {
  const bff = await start("The best of several lists", {
    stubs: {
      "catalog.v1.CatalogService/Search": (request, context) =>
        (request.region === "us" ? DOWN : STUBS["catalog.v1.CatalogService/Search"]!)(request, context),
    },
    env: { REGIONS: ["eu", "us", "asia"] },
  });
  const results = await get(bff, "Search", { text: "tea" });
  expect(results.titles).toEqual(["asia 3", "eu 3", "asia 2", "eu 2", "asia 1", "eu 1"]);
  expect(degraded(results)).toEqual(["titles: EFFECT_INCOMPLETE"]);
});

test("the client sends a bounded list", async () => {
  const bff = await start("A list from the client");
  const products = (count: number) =>
    get(bff, "GetProducts", { productIds: Array.from({ length: count }, (_, i) => `p${i}`) });
  expect((await products(50)).titles).toHaveLength(50);
  const sent = bff.upstreamCalls.length;
  expect(await products(51)).toMatchObject({ code: "invalid_argument", message: "at most 50 products, not 51" });
  expect((await products(300)).code).toBe("invalid_argument");
  expect(bff.upstreamCalls.length).toBe(sent);
});

test("the BFF hands the whole request on", async () => {
  const got: JsonObject[] = [];
  const bff = await start("Hand the whole request on", {
    stubs: {
      "catalog.v1.CatalogService/Search": (request) => {
        got.push(request);
        return { products: [{ title: "tea" }], nextCursor: "c2" };
      },
    },
  });
  const filter = { sellerId: "", maxPriceCents: "900" };
  expect(await get(bff, "Search", { filter, offset: 0 })).toEqual({ titles: ["tea"], nextCursor: "c2" });
  await get(bff, "Search", { text: "tea" });
  expect(got).toEqual([
    { filter, offset: 0, limit: 20 },
    { text: "tea", limit: 20 },
  ]);
});

test("the BFF refuses a request before it calls an upstream", async () => {
  const bff = await start("Refuse before anything is sent");
  const ann = await bff.as("u1");
  const reviews = (request: JsonObject, headers = ann) => get(bff, "GetReviews", request, headers);
  expect(await reviews({ productId: "x" }, ANYBODY)).toMatchObject({ code: "unauthenticated" });
  const wrong = await reviews({ productId: "x" });
  expect(wrong).toMatchObject({ code: "invalid_argument", message: '"x" is no product' });
  expect((wrong.details as JsonObject[]).map(({ type }) => type).filter(isDeclared)).toEqual(["shop.v1.BadField"]);
  expect(await reviews({ productId: "p1", limit: 101 })).toMatchObject({ code: "out_of_range" });
  expect(bff.upstreamCalls).toEqual([]);
  expect(await reviews({ productId: "p1", limit: 1 })).toEqual({ texts: ["good"] });
});

test("the BFF fetches the user once per request", async () => {
  const tenants: unknown[] = [];
  const bff = await start("The user, once per request", {
    stubs: {
      "catalog.v1.CatalogService/GetProduct": (_, { requestHeader }) => {
        const hasPrincipal = requestHeader.has("x-principal-signed-bin");
        tenants.push([requestHeader.get("x-tenant"), requestHeader.get("authorization"), hasPrincipal]);
        return { title: "tea" };
      },
    },
  });
  const page = (headers: Readonly<Record<string, string>>) => get(bff, "GetPage", { productId: "p1" }, headers);
  expect(await page(ANYBODY)).toMatchObject({ code: "unauthenticated" });
  expect(bff.upstreamCalls).toEqual([]);
  expect(await page(await bff.as("u1"))).toEqual({ title: "tea", greeting: { text: "Hello user u1" } });
  expect(bff.upstreamCalls).toEqual(["UserService/GetUser", "CatalogService/GetProduct"]);
  expect(tenants).toEqual([["north", null, true]]);
});

test("values may be absent", async () => {
  const none = fails(Code.NotFound);
  const stubs = { "review.v1.ReviewService/ListReviews": none };
  const bff = await start("Absent values", { stubs });
  expect(await get(bff, "GetPage", { productId: "p1" })).toEqual({ title: "product p1" });
  const gone = await start("Absent values", {
    stubs: { ...stubs, "catalog.v1.CatalogService/GetProduct": none },
  });
  expect(await get(gone, "GetPage", { productId: "p1" })).toMatchObject({
    code: "not_found",
    message: "there is no product p1",
  });
});

test("the second attempt answers in place of a slow upstream", async () => {
  let attempts = 0;
  const bff = await start("A slow upstream", {
    stubs: {
      "stock.v1.StockService/GetStock": (_, { signal }) => {
        attempts++;
        if (attempts > 1) return { available: 7 };
        return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
      },
    },
  });
  expect(await get(bff, "GetPage", { productId: "p1" })).toEqual({ title: "product p1", available: 7 });
  expect(attempts).toBe(2);
});

test("writes run in order or unordered", async () => {
  const bff = await start("Writes, in order and in none", { stubs: { "mail.v1.MailService/Send": DOWN } });
  const order = { productId: "p1", count: 1, key: "k" };
  expect(await get(bff, "PlaceOrder", order)).toMatchObject({ code: "unauthenticated" });
  expect(bff.upstreamCalls).toEqual([]);
  const receipt = await get(bff, "PlaceOrder", order, await bff.as("u1"));
  expect(receipt).toMatchObject({ orderId: "order of u1" });
  expect(degraded(receipt)).toEqual(["mailed: EFFECT_REPLACED"]);
  expect(bff.upstreamCalls.slice(-3)).toEqual(["OrderService/PlaceOrder", "MailService/Send", "MailService/Send"]);
  const stubs = { "catalog.v1.CatalogService/GetProduct": () => ({ title: "tea", status: "STATUS_SOLD_OUT" }) };
  const soldOut = await start("Writes, in order and in none", { stubs });
  expect(await get(soldOut, "PlaceOrder", order, await soldOut.as("u1"))).toMatchObject({
    code: "failed_precondition",
    message: "tea is not for sale",
  });
  expect(soldOut.upstreamCalls).not.toContain("OrderService/PlaceOrder");
});

test("a read beside a write is retried, and the write is not", async () => {
  let fail = true;
  const bff = await start("Reads beside a write", {
    stubs: {
      "stock.v1.StockService/GetStock": () => {
        if (fail) {
          fail = false;
          throw new ConnectError("once", Code.Unavailable);
        }
        return { available: 4 };
      },
    },
  });
  const order = (count: number) => get(bff, "PlaceOrder", { productId: "p1", count, key: "k" });
  expect(await order(1)).toEqual({ orderId: "order of nobody", warehouses: ["north"] });
  expect(await order(5)).toMatchObject({ code: "failed_precondition", message: "only 4 left" });
  expect(bff.upstreamCalls.filter((method) => method === "OrderService/PlaceOrder")).toHaveLength(1);
});

test("the response explains why something is missing", async () => {
  let code = Code.PermissionDenied;
  const bff = await start("Why something is missing", {
    stubs: { "review.v1.ReviewService/ListReviews": () => fails(code)() },
  });
  const hint = async () => (await get(bff, "GetPage", { productId: "p1" })).hint;
  expect(await hint()).toBe("Reviews are for members.");
  code = Code.NotFound;
  expect(await hint()).toBe("Reviews are not available, come back later.");
});

test("dates and prices are formatted for people", async () => {
  const bff = await start("As people write it", {
    stubs: {
      "catalog.v1.CatalogService/GetProduct": ({ productId }) =>
        productId === "old"
          ? { title: " tea ", priceCents: "1250", releasedAt: "2020-02-29T23:30:00Z", status: "STATUS_SOLD_OUT" }
          : { title: "tea", priceCents: "5" },
    },
  });
  const page = (productId: string, zone: string) => get(bff, "GetPage", { productId }, { "x-time-zone": zone });
  expect(await page("old", "Asia/Tokyo")).toEqual({
    title: "tea",
    price: "€ 12.50",
    released: "1 March 2020, 08:30",
    availability: "sold out",
  });
  expect(await page("p1", "")).toEqual({
    title: "tea",
    price: "€ 0.05",
    availability: "not available",
  });
  const nowhere = await page("old", "Asia/Nowhere");
  expect(nowhere).toMatchObject({ title: "tea", price: "€ 12.50" });
  expect(degraded(nowhere)).toEqual(["released: EFFECT_MISSING"]);
});

test("an expression calls the author's function", async () => {
  const stubs = { "catalog.v1.CatalogService/GetProduct": () => ({ title: "Tea & Söhne, 2 kg", priceCents: "1999" }) };
  const bff = await start("A function of your own", { stubs });
  expect(await get(bff, "GetPage", { productId: "p1" })).toEqual({ slug: "tea-sohne-2-kg", price: "19,99 €" });
});

test("a choice calls only the upstreams of the chosen member", async () => {
  let premium = true;
  const bff = await start("A choice that costs what is chosen", {
    stubs: { "user.v1.UserService/GetUser": ({ id }) => ({ id: String(id), premium }) },
  });
  const ann = await bff.as("u1");
  expect(await get(bff, "GetPick", {})).toMatchObject({ code: "unauthenticated" });
  expect(await get(bff, "GetPick", {}, ann)).toEqual({ forYou: "p1" });
  premium = false;
  expect(await get(bff, "GetPick", {}, ann)).toEqual({ bestseller: "p7" });
  expect(bff.upstreamCalls.filter((method) => method === "RecommendService/Recommend")).toHaveLength(2);
});

test("a pruned copy has an added field", async () => {
  const got: JsonObject[] = [];
  const bff = await start("A pruned copy with an added field", {
    stubs: {
      "catalog.v1.CatalogService/Search": (request) => {
        got.push(request);
        const tea = { id: "p1", title: "tea", priceCents: "1250", supplierContract: "secret" };
        return { products: [{ ...tea, status: "STATUS_SOLD_OUT", deliveryDays: 0 }, tea] };
      },
    },
  });
  const tea = { id: "p1", name: "tea", price: "€ 12.50" };
  expect(await get(bff, "Search", { text: "tea", sellerId: "s1" })).toEqual({
    products: [
      { ...tea, availability: "AVAILABILITY_SOLD_OUT", deliveryDays: 0 },
      { ...tea, deliveryDays: 7 },
    ],
  });
  await get(bff, "Search", { text: "tea" });
  expect(got).toEqual([
    { text: "tea", filter: { sellerId: "s1" }, limit: 20 },
    { text: "tea", limit: 20 },
  ]);
});

test("keys have more fields than an id", async () => {
  const got: JsonObject[] = [];
  const prices = STUBS["price.v1.PriceService/BatchGetPrices"]!;
  const bff = await start("Keys that are more than an id", {
    stubs: {
      "price.v1.PriceService/BatchGetPrices": (request, context) => {
        got.push(request);
        return prices(request, context);
      },
    },
  });
  expect(await get(bff, "Search", { text: "tea" }, { "x-country": "de" })).toEqual({
    cards: [{ title: " 1", cents: "1250" }, { title: " 2" }, { title: " 3", cents: "1250" }],
  });
  const keys = ["1", "2", "3"].map((productId) => ({ productId, currency: "EUR" }));
  expect(got).toEqual([{ prices: keys, country: "de" }]);
});

test("a resolver may refuse", async () => {
  vi.stubEnv("VOUCHER_KEY", "secret");
  onTestFinished(() => void vi.unstubAllEnvs());
  const stubs = {
    "catalog.v1.CatalogService/GetProduct": () => ({ title: "tea", priceCents: "1250" }),
    "review.v1.ReviewService/ListReviews": DOWN,
  };
  const bff = await start("A resolver that may refuse", { stubs });
  const page = (voucher: string) => get(bff, "GetPage", { productId: "p1", voucher });
  const signature = createHmac("sha256", "secret").update("20 p1").digest("hex").slice(0, 16);
  const reduced = await page(`20-${signature}`);
  expect(reduced).toMatchObject({ title: "tea", reducedCents: "1000" });
  expect(degraded(reduced)).toEqual(["reviews: EFFECT_MISSING"]);
  expect(await page("")).not.toHaveProperty("reducedCents");
  expect(await page(`99-${signature}`)).toMatchObject({
    code: "invalid_argument",
    message: "this voucher is not for this product",
  });
});

test("the upstream's own details explain a failure", async () => {
  let code = Code.FailedPrecondition;
  const bff = await start("Why, in the upstream's own details", {
    stubs: {
      "order.v1.OrderService/PlaceOrder": () => {
        throw new ConnectError("row 17 of stock", code, undefined, [{ desc: DurationSchema, value: { seconds: 90n } }]);
      },
    },
  });
  const order = () => get(bff, "PlaceOrder", { productId: "p1", count: 3, key: "k" });
  const refused = await order();
  expect(refused).toMatchObject({ code: "failed_precondition", message: "3 of p1 cannot be ordered" });
  expect((refused.details as JsonObject[]).map(({ type }) => type).filter(isDeclared)).toEqual([
    "google.protobuf.Duration",
  ]);
  code = Code.NotFound;
  expect(await order()).toMatchObject({ code: "internal", message: "the order was not placed" });
});

test("expressions read headers and trailers of an answer", async () => {
  let beside: Readonly<Record<string, string>> = { "x-total-count": "120", "x-index-version": "v7" };
  const versions: (string | null)[] = [];
  const search = STUBS["catalog.v1.CatalogService/Search"]!;
  const bff = await start("Headers and trailers of an answer", {
    stubs: {
      "catalog.v1.CatalogService/Search": (request, context) => {
        for (const [name, value] of Object.entries(beside)) context.responseHeader.set(name, value);
        return search(request, context);
      },
      "catalog.v1.CatalogService/GetProduct": (_, { requestHeader }) => {
        versions.push(requestHeader.get("x-index-version"));
        return { priceCents: "1250" };
      },
    },
  });
  const titles = [" 1", " 2", " 3"];
  expect(await get(bff, "Search", { text: "tea" })).toEqual({ titles, total: "120", bestPriceCents: "1250" });
  beside = { "x-total-count": "many" };
  expect(await get(bff, "Search", { text: "tea" })).toEqual({ titles, total: "3", bestPriceCents: "1250" });
  expect(versions).toEqual(["v7", null]);
});

test("rate limits bound requests", async () => {
  const bff = await start("Rate limits");
  const search = (limit: number) => bff.send("shop.v1.ShopService/Search", { text: "tea", limit });
  // Three are found of ten that are paid for, so that seven come back.
  expect((await search(10)).status).toBe(200);
  expect((await search(17)).status).toBe(200);
  const refused = await search(18);
  expect(refused.status).toBe(429);
  expect(refused.headers.get("ratelimit-policy")).toBe('"search";q=60;w=60');
  expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
  expect((await search(21)).body).toMatchObject({ code: "invalid_argument" });
  expect(bff.upstreamCalls).toHaveLength(2);
});

test("an upstream with free capacity receives all calls", async () => {
  const bff = await start("An upstream that is sometimes overloaded");
  expect(await get(bff, "GetOffer", { productId: "p1" })).toEqual({ available: 4, warehouses: ["north"] });
});

test("a call that fails on a sick replica is retried", async () => {
  let attempts = 0;
  const once = () => {
    if (attempts++ === 0) return DOWN();
    return { available: 4 };
  };
  const bff = await start("Several replicas, one of them sick", { stubs: { "stock.v1.StockService/GetStock": once } });
  expect(await get(bff, "GetStock", { productId: "p1" })).toEqual({ available: 4 });
  expect(attempts).toBe(2);
});

/** What speaks HTTP at `parcels`, and gRPC at the stubs' address. */
function byProtocol(grpcUrl: string, parcels: string): UnaryClient {
  const { protoFile } = requestOf({ protos: {} }, upstreams);
  const registry = createFileRegistry(create(FileDescriptorSetSchema, { file: protoFile }));
  const rpc = registry.getService("parcel.v2.ParcelService")!.method.getParcel as DescMethodUnary;
  const variables = [{ field: "number", from: 2, to: 3 }];
  const http = new HttpJsonClient(parcels, {
    rules: [{ rpc, method: "GET", segments: ["v2", "parcels", "*"], variables }],
  });
  const grpc = new GrpcClient(grpcUrl);
  return {
    send: (path, ...sent) => (path.startsWith("/parcel.") ? http : grpc).send(path, ...sent),
    close: async () => void (await Promise.all([http.close(), grpc.close()])),
  };
}

test("an upstream uses HTTP with JSON", async () => {
  const seen: string[] = [];
  const carrier = createServer(({ method, url, headers }, response) => {
    seen.push(`${method} ${url} ${String(headers["x-api-key"])}`);
    const isThere = url?.includes("P%201") === true;
    response.writeHead(isThere ? 200 : 404, { "content-type": "application/json" });
    response.end(isThere ? `{"state": "out for delivery", "eta": "2027-03-01", "van": 7}` : `{"error": "unknown"}`);
  });
  carrier.listen(0, "127.0.0.1");
  await once(carrier, "listening");
  onTestFinished(() => void carrier.close());
  const parcels = `http://127.0.0.1:${(carrier.address() as AddressInfo).port}/public`;
  const bff = await start("An upstream over HTTP with JSON", {
    connect: (url) => byProtocol(url, parcels),
    env: { PARCEL_KEY: "secret" },
  });
  expect(await get(bff, "GetDelivery", { productId: "p1", parcel: "P 1" })).toEqual({
    title: "product p1",
    state: "out for delivery",
    expectedOn: "2027-03-01",
  });
  const without = await get(bff, "GetDelivery", { productId: "p1", parcel: "P 2" });
  expect(without).toMatchObject({ title: "product p1", degraded: [{ reason: "REASON_REJECTED" }, {}] });
  expect(degraded(without)).toEqual(["state: EFFECT_MISSING", "expected_on: EFFECT_MISSING"]);
  expect(seen).toEqual(["GET /public/v2/parcels/P%201?lang=en secret", "GET /public/v2/parcels/P%202?lang=en secret"]);
});

test("traces have the attributes that each request records", async () => {
  const begun: ResponseStartEvent[] = [];
  const observer = { responseStart: (event: ResponseStartEvent) => void begun.push(event) };
  const bff = await start("Traces of what matters", { observer });
  await get(bff, "GetPage", { productId: "p1" }, { "x-client-version": "7.1" });
  const [{ telemetry } = {}] = begun;
  expect(telemetry).toMatchObject({ sample: 0.01, slowMs: 500 });
  expect(telemetry?.attributes?.()).toEqual([
    ["args.product_id", "p1"],
    ["headers['x-client-version']", "7.1"],
  ]);
});

/** Streams the replies of a chat, as the client of Connect's protocol does. */
async function chat(bff: StubbedBff, request: JsonObject, headers: Readonly<Record<string, string>>) {
  const json = Buffer.from(JSON.stringify(request));
  const body = Buffer.concat([Buffer.from([0, 0, 0, 0, json.length]), json]);
  const init = { method: "POST", headers: { "content-type": "application/connect+json", ...headers }, body };
  const answer = await fetch(`${bff.url}/shop.v1.ShopService/Chat`, init);
  let bytes = Buffer.from(await answer.arrayBuffer());
  const replies: JsonObject[] = [];
  for (; bytes[0] === 0; bytes = bytes.subarray(5 + bytes.readUInt32BE(1)))
    replies.push(JSON.parse(String(bytes.subarray(5, 5 + bytes.readUInt32BE(1)))) as JsonObject);
  const { error } = JSON.parse(String(bytes.subarray(5))) as { readonly error?: { readonly code: string } };
  return { replies, code: error?.code };
}

test("a chat costs its tokens, and the budget of its tenant ends", async () => {
  let tokens = 20_000;
  const metered: (readonly [string, number])[] = [];
  const observer: Observer = { metered: ({ labels, value }) => void metered.push([labels.join(), value]) };
  const bff = await start("A chat with budgets", {
    observer,
    stubs: {
      "model.v1.ModelService/Chat": ({ model }) => ({
        items: [
          { text: `I am ${String(model)}`, tokens: 4 },
          { text: ".", tokens },
        ],
      }),
    },
  });
  const ann = await bff.as("u1", { tenant: "north" });
  const pro = await bff.as("u2", { tenant: "south", premium: true });
  expect(await chat(bff, { model: "LARGE" }, ANYBODY)).toMatchObject({ code: "unauthenticated" });
  expect(await chat(bff, { model: "LARGE" }, ann)).toMatchObject({ code: "permission_denied" });
  expect(bff.upstreamCalls).toEqual([]);
  expect((await chat(bff, { model: "SMALL" }, ann)).replies).toEqual([
    { text: "I am SMALL", tokens: 4 },
    { text: ".", tokens: 20_000 },
  ]);
  tokens = 29_501;
  expect((await chat(bff, { model: "SMALL" }, ann)).code).toBeUndefined();
  // 499 tokens are left of 50,000.
  expect(await chat(bff, { model: "SMALL" }, ann)).toMatchObject({ code: "resource_exhausted" });
  expect((await chat(bff, { model: "LARGE" }, pro)).replies[0]).toMatchObject({ text: "I am LARGE" });
  expect(metered).toEqual([
    ["model,SMALL", 20_000],
    ["model,SMALL", 29_501],
    ["model,LARGE", 29_501],
  ]);
});

test("a whole answer has its cost as a header, and is charged to the budget of chats", async () => {
  const bff = await start("A chat with budgets", {
    stubs: { "model.v1.ModelService/Complete": ({ model }) => ({ text: `I am ${String(model)}`, tokens: 49_501 }) },
  });
  const ann = await bff.as("u1", { tenant: "north" });
  const { status, body, headers } = await bff.send("shop.v1.ShopService/Complete", { model: "SMALL" }, ann);
  expect({ status, body, cost: headers.get("x-cost") }).toEqual({
    status: 200,
    body: { text: "I am SMALL", tokens: 49_501 },
    cost: "49501",
  });
  expect(await chat(bff, { model: "SMALL" }, ann)).toMatchObject({ code: "resource_exhausted" });
});

test("a tenant may start thirty chats a minute with each model", async () => {
  const items = { items: [{ text: "yes", tokens: 1 }] };
  const bff = await start("A chat with budgets", { stubs: { "model.v1.ModelService/Chat": () => items } });
  const pro = await bff.as("u1", { tenant: "north", premium: true });
  const codes = await Promise.all(
    Array.from({ length: 31 }, async () => (await chat(bff, { model: "SMALL" }, pro)).code),
  );
  expect(codes.filter((code) => code === "resource_exhausted")).toHaveLength(1);
  expect((await chat(bff, { model: "LARGE" }, pro)).code).toBeUndefined();
});
