// Masks of a generated server: answers to random masks are the whole answer without the other fields, and cost only the
// calls that the selected fields need.
import {
  type DescField,
  type DescMessage,
  type DescMethodUnary,
  fromBinary,
  fromJson,
  type JsonValue,
  toBinary,
  toJson,
} from "@bufbuild/protobuf";
import { createConnectTransport } from "@connectrpc/connect-node";
import { select } from "@protobff/client";
import { Agent, cacheStores, interceptors, request } from "undici";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { pick, randomFrom } from "../../proofs/fuzz/random.ts";
import { goldenTexts } from "../../support/archive.ts";
import { GeneratedProject, type Handlers } from "../../support/generated-project.ts";
import { UPSTREAMS } from "../../support/golden.ts";
import { requestFor, schemaOf } from "../../support/request.ts";
import { seedOf } from "../../support/seed/seed.ts";

const PROTOS = goldenTexts("emit/fields", "proto");
const project = new GeneratedProject("masks", PROTOS);
beforeAll(() => project.generate());
afterAll(() => project.remove());
const { registry } = schemaOf(requestFor({ ...UPSTREAMS, ...PROTOS }));
const Page = registry.getMessage("app.v1.Page") as DescMessage;

async function served() {
  const calls: string[] = [];
  const item = (id: string) => ({ id, name: `name of ${id}`, ownerId: `owner of ${id}`, note: `note of ${id}` });
  const handlers: Handlers<{ id: string; ids: string[]; text: string }> = {
    "up.v1.OrderService/GetOrder": ({ id }) => {
      calls.push(`order ${id}`);
      return { id, itemId: `item of ${id}`, paid: !id.startsWith("open") };
    },
    "up.v1.ItemService/GetItem": ({ id }) => {
      calls.push(`item ${id}`);
      return item(id);
    },
    "up.v1.ItemService/FindItems": ({ text }) => {
      calls.push(`find ${text}`);
      return { items: ["a", "b"].map((id) => ({ ...item(id), size: { width: 3, height: 4 } })) };
    },
    "up.v1.ItemService/BatchGetItems": ({ ids }) => {
      calls.push(...ids.map((id) => `item ${id}`));
      return { items: ids.map(item) };
    },
  };
  const server = await project.served("app/v1/server.ts", handlers);
  onTestFinished(() => void server.stop());
  let number = 0;
  /** Each request has another id, so that no cache answers it. */
  const get = async (id: string, fields: string, header?: string, rpc = "GetPage") => {
    calls.length = 0;
    const response = await fetch(`${server.url}/app.v1.AppService/${rpc}`, {
      method: "POST",
      headers: { "content-type": "application/json", ...(header !== undefined && { "bff-fields": header }) },
      body: JSON.stringify({ id, ...(fields !== "" && { fields }) }),
    });
    const body = (await response.json()) as Record<string, JsonValue> & { message?: string };
    return { status: response.status, body, calls: [...calls] };
  };
  return { ...server, get, fresh: () => `${++number % 3 === 0 ? "open" : "paid"}${number}` };
}

type Json = { [name: string]: JsonValue };
const isObject = (value: JsonValue | undefined): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A second implementation, over JSON: fields by their names in JSON, in which `*` means all. */
function pruned(json: Json, paths: readonly string[], desc: DescMessage): Json {
  const onRequest = (name: string): boolean => desc.name === "Page" && name === "size";
  return Object.fromEntries(
    Object.entries(json).flatMap(([name, value]): [string, JsonValue][] => {
      const field = desc.fields.find((candidate) => candidate.jsonName === name) as DescField;
      const inside = paths.flatMap((path) =>
        path === name ? [""] : path.startsWith(`${name}.`) ? [path.slice(name.length + 1)] : [],
      );
      if (paths.includes("*")) return [[name, value]];
      const whole = paths.includes("") && !onRequest(name);
      const runtime = name === "degraded";
      if (!whole && !runtime && inside.length === 0) return [];
      const message = field.message;
      if (whole || runtime || message === undefined) return [[name, value]];
      const below = inside.map((path) => (field.fieldKind === "list" ? path.replace(/^\*\.(?=.)/, "") : path));
      const item = (of: JsonValue): JsonValue => (isObject(of) ? pruned(of, below, message) : of);
      return [[name, Array.isArray(value) ? value.map(item) : item(value)]];
    }),
  );
}

/** A random path into a message, with its names in JSON. */
function randomPath(desc: DescMessage, random: () => number): string {
  const field = pick(desc.fields, random) as DescField;
  const inside = field.message?.typeName.startsWith("app.v1.") ? field.message : undefined;
  if (inside === undefined || random() < 0.3) return field.jsonName;
  if (random() < 0.2) return `${field.jsonName}.*`;
  const star = field.fieldKind === "list" && random() < 0.5 ? "*." : "";
  return `${field.jsonName}.${star}${randomPath(inside, random)}`;
}

const cases = Number(process.env.PROTOBFF_CASES ?? 60);
test(`${cases} random masks select what another implementation selects, for no call beyond those of their fields`, {
  timeout: 3_600_000,
}, async () => {
  const { get, fresh } = await served();
  const random = randomFrom(Number(seedOf()));
  for (let i = 0; i < cases; i++) {
    const id = fresh();
    const paths = Array.from({ length: 1 + Math.floor(random() * 4) }, () => randomPath(Page, random));
    const about = `seed ${seedOf()}: ${paths}`;
    const whole = await get(`${id}w`, "*");
    expect(whole.status, about).toBe(200);
    const text = JSON.stringify(whole.body).replaceAll(`${id}w`, id);
    const byField = i % 2 === 0;
    const part = await get(id, byField ? paths.join() : "", byField ? undefined : paths.join(", "));
    expect(part.body, about).toEqual(pruned(JSON.parse(text) as Json, paths, Page));
    const most = new Set(whole.calls.map((call) => call.replaceAll(`${id}w`, id)));
    for (const call of part.calls) expect(most, about).toContain(call);
  }
});

const CALLS: readonly (readonly [fields: string, calls: readonly string[]])[] = [
  ["tags.id", ["find ID"]],
  ["tags.name", ["find ID", "item a", "item b"]],
  ["card.viewer", ["item viewer"]],
  ["card.id,paid", ["order ID"]],
  ["shop", ["item owner of viewer", "item viewer"]],
  ["open", ["order ID"]],
  ["gone", ["item item of ID", "order ID"]],
  ["cards.id", ["find ID"]],
  ["size.width", ["find ID"]],
];
test("a mask costs the calls of its fields; without one, or with an empty header, fields on request are left out", async () => {
  const { get, fresh } = await served();
  for (const [fields, expected] of CALLS) {
    const id = fresh();
    const { status, calls } = await get(id, fields);
    const named = [...new Set(calls)].map((call) => call.replace(id, "ID")).sort();
    expect([fields, status, named]).toEqual([fields, 200, expected]);
  }
  for (const header of [undefined, "", " "]) expect((await get(fresh(), "", header)).body.size).toBeUndefined();
  for (const all of ["*", "paid,*"]) expect((await get(fresh(), all)).body.size).toEqual({ width: 3, height: 4 });
  expect((await get(fresh(), "size.height")).body).toEqual({ size: { height: 4 } });
  expect((await get(fresh(), "", "size.height")).body).toEqual({ size: { height: 4 } });
  const other = await get("7", "", "nobody", "GetCard");
  expect([other.status, Object.keys(other.body.card as object).sort()]).toEqual([
    200,
    ["id", "paid", "stock", "viewer"],
  ]);
});

const LONG = "x".repeat(300);
const DEEP = `card.${"card.".repeat(16)}id`;
const NO_FIELD = "is no field of the answer";
const REFUSED: readonly (readonly [fields: string, header: string | undefined, message: string])[] = [
  ...["nobody", "paid.more", "cards.0.id", "card.*.id", "*.id", "paid.*"].map(
    (path) => [path, undefined, `fields: "${path}" ${NO_FIELD}`] as const,
  ),
  ["", "a,,b", `fields: "a" ${NO_FIELD}`],
  ["", "paid,", `fields: "" ${NO_FIELD}`],
  [LONG, undefined, `fields: "${LONG.slice(0, 200)}" ${NO_FIELD}`],
  [DEEP, undefined, `fields: "${DEEP}" has more than 16 parts`],
  ["paid", "name", "fields: given twice"],
  [Array.from({ length: 201 }, () => "paid").join(), undefined, "fields: 201 paths, and at most 200 fit"],
];
test("masks of fields that do not exist, too many, too deep or given twice are refused without a call", async () => {
  const { get, fresh } = await served();
  for (const [fields, header, message] of REFUSED) {
    const { status, body, calls } = await get(fresh(), fields, header);
    expect([status, body.code, body.message, calls]).toEqual([400, "invalid_argument", message, []]);
    expect((await get(fresh(), "name")).status).toBe(200);
  }
});

test("two spellings of a selection share an answer in the cache, and a wider answer serves no narrower mask", async () => {
  const { get, url } = await served();
  const first = await get("7", "card.id,card.paid,paid");
  const same = await get("7", "", "paid , card.paid,card.id");
  expect([same.body, same.calls]).toEqual([first.body, []]);
  const all = await get("7", "card");
  expect(all.calls.length).toBeGreaterThan(0);
  const named = await get("7", "card.viewer,card.id,card.paid,card.stock");
  expect([named.body, named.calls]).toEqual([all.body, []]);
  expect((await get("7", "card.viewer")).body).toEqual({ card: { viewer: "name of viewer" } });

  const request = registry.getMessage("app.v1.GetPageRequest") as DescMessage;
  const response = await fetch(`${url}/app.v1.AppService/GetPage`, {
    method: "POST",
    headers: { "content-type": "application/proto" },
    body: toBinary(request, fromJson(request, { id: "7", fields: "card.id,tags.name" })),
  });
  const answer = fromBinary(Page, new Uint8Array(await response.arrayBuffer()));
  expect(toJson(Page, answer)).toEqual({ card: { id: "7" }, tags: [{ name: "name of a" }, { name: "name of b" }] });
});

test("answers to different masks are different entries of undici's HTTP cache, and 304 means equal bytes", async () => {
  const { url, fresh } = await served();
  const cached = new Agent().compose(
    interceptors.cache({ store: new cacheStores.MemoryCacheStore(), methods: ["GET"], type: "private" }),
  );
  const random = randomFrom(Number(seedOf()));
  const ids = [fresh(), fresh()];
  const pathOf = (id: string, fields: string): string =>
    `/app.v1.AppService/GetPage?connect=v1&encoding=json&message=${encodeURIComponent(JSON.stringify({ id, ...(fields !== "" && { fields }) }))}`;
  const tags = new Map<string, string>();
  let hits = 0;
  for (let i = 0; i < 60; i++) {
    const id = pick(ids, random) ?? "";
    const field = pick(["card.id,paid", "tags.name", "name", "*", "size", ""], random) ?? "";
    const byHeader = random() < 0.5;
    const headers = byHeader ? { "bff-fields": field } : {};
    const path = pathOf(id, byHeader ? "" : field);
    const got = await request(url + path, { dispatcher: cached, headers });
    const text = await got.body.text();
    hits += got.headers.age === undefined ? 0 : 1;
    const direct = await fetch(url + path, { headers });
    expect(text, `seed ${seedOf()}: ${id} ${field}`).toBe(await direct.text());
    expect(direct.headers.get("vary")).toContain("bff-fields");
    const tag = direct.headers.get("etag") ?? "";
    // Equal bytes have equal tags, and others have others.
    expect(tags.get(tag) ?? text).toBe(text);
    tags.set(tag, text);
    const again = await fetch(url + path, { headers: { ...headers, "if-none-match": tag } });
    expect(again.status).toBe(304);
    const [other] = [...tags].find(([, known]) => known !== text) ?? [];
    if (other !== undefined)
      expect((await fetch(url + path, { headers: { ...headers, "if-none-match": other } })).status).toBe(200);
  }
  expect(hits).toBeGreaterThan(10);
  await cached.close();
});

const COUNTED = `syntax = "proto3";
package app.v1;
import "bff/v1/options.proto";
import "google/protobuf/field_mask.proto";
service AppService {
  option (bff.v1.service) = {};
  rpc Count(CountRequest) returns (Counted) {
    option idempotency_level = NO_SIDE_EFFECTS;
    option (bff.v1.method) = {
      fields: "args.fields"
      cache: { ttl: "10s" }
      header: { name: "x-count" by: "string(result.count)" }
    };
  }
}
message CountRequest { string id = 1; google.protobuf.FieldMask fields = 2; }
message Counted {
  option (bff.v1.message).let = {
    name: "item" call: { method: "up.v1.ItemService/GetItem" set: { name: "id" by: "args.id" } }
  };
  string id = 1 [(bff.v1.field).by = "args.id"];
  int32 count = 2 [(bff.v1.field).by = "item.stock"];
}
`;
test("headers may read fields that the client does not receive, also of cached answers", async () => {
  const counted = new GeneratedProject("counted", { "app/v1/app.proto": COUNTED });
  counted.generate();
  onTestFinished(() => counted.remove());
  const { url } = await counted.served("app/v1/server.ts", {
    "up.v1.ItemService/GetItem": (() => ({ stock: 7 })) as never,
  });
  for (const fields of ["id", "id", "count", "id,count", "id"]) {
    const response = await fetch(`${url}/app.v1.AppService/Count`, {
      method: "POST",
      headers: { "content-type": "application/json", "bff-fields": fields },
      body: JSON.stringify({ id: "a" }),
    });
    expect(Object.keys((await response.json()) as object).join()).toBe(fields);
    expect(response.headers.get("x-count")).toBe("7");
  }
});

test("upstreams receive a FieldMask of what is read, which depends on the client's", async () => {
  const { "shop/v1/shop.proto": upstream = "", ...protos } = goldenTexts("emit/request-masks", "proto");
  const shop = new GeneratedProject("request-masks", protos, { "shop/v1/shop.proto": upstream });
  shop.generate();
  onTestFinished(() => shop.remove());
  type Request = { id: string; readMask?: { paths: string[] }; view?: { mask?: { paths: string[] } } };
  const sent = new Map<string, readonly (readonly string[] | undefined)[]>();
  const order = { note: "n", lines: [{ sku: "s" }], address: { street: "a", town: "t" }, customer: { name: "c" } };
  const { post } = await shop.served("app/v1/server.ts", {
    "shop.v1.ShopService/GetOrder": (({ id, readMask, view }: Request) => {
      sent.set(id, [readMask?.paths, view?.mask?.paths]);
      return { ...order, id };
    }) as never,
  });
  const masks = async (fields: string, rpc = "GetPage") => {
    sent.clear();
    const { status } = await post(`app.v1.AppService/${rpc}`, { id: "7", ...(fields !== "" && { fields }) });
    expect(status).toBe(200);
    return Object.fromEntries(sent);
  };
  const every = ["address.street", "address.town", "customer.address.town", "customer.name", "id", "lines", "note"];
  expect(await masks("")).toEqual({
    7: [every, undefined],
    n: [["note"], ["note"]],
    mine: [["customer.name"], undefined],
  });
  expect(await masks("town,skus")).toEqual({ 7: [["address.town", "id", "lines"], undefined] });
  expect(await masks("buyer.name")).toEqual({
    7: [["customer.address.town", "customer.name", "id"], undefined],
  });
  expect(await masks("", "GetPlain")).toEqual({ 7: [["address.street", "id"], undefined] });
});

test("a mask holds for all items of a stream and for all parts, and for the steps before the first item", async () => {
  const streams = new GeneratedProject("fields-streams", goldenTexts("emit/fields-streams", "proto"));
  streams.generate();
  onTestFinished(() => streams.remove());
  const calls: string[] = [];
  const noted = (call: string, answer: object): object => {
    calls.push(call);
    return answer;
  };
  const answers: Handlers<{ id: string; text: string }> = {
    "up.v1.OrderService/GetOrder": ({ id }) => noted(`order ${id}`, { id, paid: true }),
    "up.v1.ItemService/GetItem": ({ id }) => noted(`item ${id}`, { id, name: `name of ${id}`, note: "n" }),
    "up.v1.ItemService/FindItems": ({ text }) => noted(`find ${text}`, { items: [{ name: "a" }, { name: "b" }] }),
  };
  const { url } = await streams.served("app/v1/server.ts", {
    ...answers,
    "up.v1.ItemService/WatchItem": async function* () {
      yield { name: "one" };
      yield { name: "two" };
    } as never,
  });
  let number = 0;
  /** The messages of one stream, and its calls; `ID` is the request's. */
  const follow = async (rpc: string, mask: string) => {
    calls.length = 0;
    const id = `id${++number}`;
    const message = encodeURIComponent(JSON.stringify({ id, ...(mask !== "" && { view: { mask } }) }));
    const response = await fetch(`${url}/app.v1.AppService/${rpc}?encoding=json&message=${message}`, {
      headers: { accept: "text/event-stream" },
    });
    const events = (await response.text()).split("\n\n").filter((event) => !event.startsWith("event: end"));
    const data = events.flatMap((event) => /^data: (\{.*\})$/m.exec(event)?.[1] ?? []);
    return [data.map((text) => JSON.parse(text) as Json), calls.map((call) => call.replace(id, "ID")).sort()] as const;
  };
  expect(await follow("FollowItem", "name")).toEqual([[{ name: "one" }, { name: "two" }], []]);
  expect(await follow("FollowItem", "paid")).toEqual([[{ paid: true }, { paid: true }], ["order ID"]]);
  const owner = { owner: expect.stringMatching(/^name of id/) as string };
  expect(await follow("FollowItem", "owner")).toEqual([
    [owner, owner],
    ["item ID", "order ID"],
  ]);
  expect(await follow("FollowItem", "viewer")).toEqual([Array(2).fill({ viewer: "name of viewer" }), ["item viewer"]]);
  expect(await follow("FollowItem", "note")).toEqual([Array(2).fill({ note: "n" }), ["item one", "item two"]]);
  const [all] = await follow("FollowItem", "");
  expect(all.map((item) => Object.keys(item).sort())).toEqual(
    Array(2).fill(["name", "note", "owner", "paid", "viewer"]),
  );

  const parts = async (mask: string) => {
    const [messages, asked] = await follow("GetParts", mask);
    const merged = Object.assign({}, ...messages) as Json;
    const names = messages.flatMap(({ parts: arrived }) => (arrived as { name: string }[] | undefined) ?? []);
    return [{ ...merged, parts: names.map(({ name }) => name).sort() }, asked];
  };
  expect(await parts("paid")).toEqual([{ paid: true, parts: [] }, ["order ID"]]);
  expect(await parts("note")).toEqual([{ note: "n", parts: ["note"] }, ["item ID"]]);
  expect(await parts("found")).toEqual([{ found: ["a", "b"], parts: ["found"] }, ["find ID"]]);
  expect((await parts(""))[0]).toMatchObject({ paid: true, note: "n", parts: ["found", "name", "note"] });
});
test.each([true, false])(
  "a client receives the fields that it selects, by its mask or by its header (binary: %j)",
  async (useBinaryFormat) => {
    const { url, fresh } = await served();
    const method = registry.getService("app.v1.AppService")?.method.getPage as DescMethodUnary;
    const transport = createConnectTransport({ baseUrl: url, httpVersion: "1.1", useBinaryFormat });
    const fields = select(Page, { paid: true, held: true, size: "*", card: { id: true }, tags: { name: true } });
    const get = async (headers: HeadersInit | undefined, request: Record<string, unknown>) =>
      toJson(Page, fields.of((await transport.unary(method, undefined, undefined, headers, request)).message));
    const expected = (id: string) => ({
      ...(id.startsWith("paid") && { paid: true, held: `note of item of ${id}` }),
      size: { width: 3, height: 4 },
      card: { id },
      tags: [{ name: "name of a" }, { name: "name of b" }],
    });
    for (let i = 0; i < 4; i++) {
      const id = fresh();
      expect(await get(undefined, { id, fields: fields.mask })).toEqual(expected(id));
      expect(await get({ "bff-fields": fields.header }, { id })).toEqual(expected(id));
    }
  },
);
