import { type FileRegistry, fromBinary, toBinary } from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import { afterAll, beforeAll, expect, test } from "vitest";
import { buildSecondRegistry, upstreamMethods } from "./registry.ts";
import { secondRequest } from "./requests.ts";
import { answerTo, type SecondUpstreams, startSecondUpstreams } from "./upstreams.ts";

let registry: FileRegistry;
let upstreams: SecondUpstreams;
let session: Http2SessionManager;

beforeAll(async () => {
  registry = buildSecondRegistry();
  upstreams = await startSecondUpstreams({ registry });
  session = new Http2SessionManager(upstreams.urls["catalog.v1.CatalogService"] ?? "");
});
afterAll(async () => {
  session.abort();
  await upstreams.close();
});

function client(service: string) {
  const desc = registry.getService(service);
  if (desc === undefined) throw new Error(service);
  const transport = createGrpcTransport({ baseUrl: upstreams.urls[service] ?? "", sessionManager: session });
  return createClient(desc, transport) as unknown as Record<
    string,
    (request: object, options?: { signal?: AbortSignal }) => Promise<Record<string, unknown>>
  >;
}

test("an answer depends only on the request", async () => {
  const catalog = client("catalog.v1.CatalogService");
  const first = await catalog.getProduct!({ id: "p1" });
  expect(await catalog.getProduct!({ id: "p1" })).toEqual(first);
  expect(await catalog.getProduct!({ id: "p2" })).not.toEqual(first);
});

test("every upstream method answers with messages that survive a round trip, and sets every field in some answer", () => {
  for (const [path, method] of upstreamMethods(registry)) {
    const unseen = new Set(method.output.fields);
    for (let seed = 0; seed < 60; seed++) {
      const request = Uint8Array.of(8 * 100, seed);
      const bytes = toBinary(method.output, answerTo(method, path.slice(1), batchRequest(method, seed) ?? request));
      const answer = reflect(method.output, fromBinary(method.output, bytes));
      expect(toBinary(method.output, answer.message)).toEqual(bytes);
      for (const field of unseen) if (answer.isSet(field)) unseen.delete(field);
    }
    expect([path, [...unseen].map((field) => field.name)]).toEqual([path, []]);
  }
});

test("the item of a key does not depend on other keys", async () => {
  const pricing = client("pricing.v1.PricingService");
  const ids = Array.from({ length: 20 }, (_, index) => `p${index}`);
  const all = (await pricing.getPrices!({ productIds: ids, currency: "EUR" })).prices as Record<string, unknown>;
  const found = ids.filter((id) => id in all);
  expect(found.length).toBeGreaterThan(10);
  expect(found.length).toBeLessThan(20);
  const [firstId] = found;
  const alone = (await pricing.getPrices!({ productIds: [firstId], currency: "EUR" })).prices as Record<
    string,
    unknown
  >;
  expect(alone[firstId!]).toEqual(all[firstId!]);
  const dollars = (await pricing.getPrices!({ productIds: [firstId], currency: "USD" })).prices as Record<
    string,
    unknown
  >;
  expect(dollars[firstId!]).not.toEqual(all[firstId!]);
});

test("faults depend on the seed, and are logged", async () => {
  upstreams.calls.length = 0;
  upstreams.set({ seed: 3, failing: 1 });
  const orders = client("orders.v1.OrderService");
  const error = ConnectError.from(await orders.getOrder!({ id: "o1" }).catch((caught) => caught));
  const [call] = upstreams.calls;
  expect(call).toMatchObject({ method: "orders.v1.OrderService/GetOrder", outcome: error.code, cancelled: false });
  expect(error.rawMessage).toBe(call?.message);
  upstreams.set({ hanging: 1 });
  const leaving = new AbortController();
  const hanging = orders.getOrder!({ id: "o1" }, { signal: leaving.signal });
  await expect.poll(() => upstreams.calls.length).toBe(2);
  leaving.abort();
  expect(ConnectError.from(await hanging.catch((caught) => caught)).code).toBe(Code.Canceled);
  await expect.poll(() => upstreams.calls[1]).toMatchObject({ outcome: "hung", cancelled: true });
  upstreams.set({ garbled: 1 });
  await expect(orders.getOrder!({ id: "o1" })).rejects.toThrow();
  expect(upstreams.calls[2]?.outcome).toBe("garbled");
  upstreams.set({});
});

test("some failures to reserve carry a detail", async () => {
  upstreams.calls.length = 0;
  upstreams.set({ failing: 1 });
  const shortage = registry.getMessage("inventory.v1.Shortage")!;
  const inventory = client("inventory.v1.InventoryService");
  const details = [];
  for (let index = 0; index < 12; index++) {
    const error = ConnectError.from(await inventory.reserve!({ cartId: `c${index}` }).catch((caught) => caught));
    details.push(error.findDetails(shortage).length);
    expect(error.code).toBe(upstreams.calls[index]?.outcome);
  }
  expect(new Set(details)).toEqual(new Set([0, 1]));
  expect(details).toEqual(upstreams.calls.map((call) => (call.status === undefined ? 0 : 1)));
  upstreams.set({});
});

test("requests cover all rpcs of the BFF", () => {
  const rpcs = registry
    .getFile("shop/v1/storefront.proto")!
    .services.concat(registry.getFile("shop/v1/checkout.proto")!.services)
    .flatMap((service) => service.methods.map((method) => `${service.typeName}/${method.name}`));
  const methodNames = new Set(
    Array.from({ length: 40 }, (_, number) => {
      const { method } = secondRequest(registry, number);
      return `${method.parent.typeName}/${method.name}`;
    }),
  );
  expect([...methodNames].sort()).toEqual(rpcs.sort());
});

/** For a batch method, a request with three keys; undefined for any other. */
function batchRequest(method: Parameters<typeof answerTo>[0], seed: number): Uint8Array | undefined {
  const keys = method.input.fields.find((field) => ["ids", "product_ids", "skus", "order_ids"].includes(field.name));
  if (keys?.fieldKind !== "list") return undefined;
  const request = reflect(method.input);
  for (let index = 0; index < 3; index++)
    request.get(keys).add(keys.name === "skus" ? BigInt(seed * 3 + index) : `k${seed}-${index}`);
  return toBinary(method.input, request.message);
}
