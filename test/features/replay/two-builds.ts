// Two builds of one BFF, each live on the same upstreams, and the differences that a report has to name.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Code, ConnectError } from "@connectrpc/connect";
import { expect } from "vitest";
import { captureText } from "../../../packages/replay/src/capture/capture-text.ts";
import { readCapture } from "../../../packages/replay/src/capture/read-capture.ts";
import { compiled } from "../../../runtime/src/testing/compile-cache.ts";
import { root } from "../../../scripts/workspaces.ts";
import { GeneratedProject, type Handlers } from "../../support/generated-project.ts";

const UP = `syntax = "proto3";
package up.v1;
service ItemService {
  rpc GetItem(GetItemRequest) returns (Item) { option idempotency_level = NO_SIDE_EFFECTS; }
  rpc GetPrice(GetItemRequest) returns (Price) { option idempotency_level = NO_SIDE_EFFECTS; }
  rpc GetStock(GetStockRequest) returns (Stock) { option idempotency_level = NO_SIDE_EFFECTS; }
  rpc ListItems(ListItemsRequest) returns (Items) { option idempotency_level = NO_SIDE_EFFECTS; }
  rpc CountView(GetItemRequest) returns (Views);
}
message Views { int32 count = 1; }
message GetItemRequest { string id = 1; }
message GetStockRequest { string id = 1; string region = 2; }
message ListItemsRequest { repeated string ids = 1; string region = 2; }
message Item { string id = 1; string name = 2; int32 rank = 3; repeated string related = 4; }
message Items { repeated Item items = 1; }
message Price { int64 cents = 1; string currency = 2; }
message Stock { int32 available = 1; }
`;
const BASE = `// opt: server=true
syntax = "proto3";
package shop.v1;
import "bff/v1/degradation.proto";
import "bff/v1/options.proto";
import "up/v1/up.proto";
option (bff.v1.file).upstream = { timeout: "500ms" };
service ShopService {
  option (bff.v1.service) = {};
  rpc GetPage(GetPageRequest) returns (Page) { option idempotency_level = NO_SIDE_EFFECTS; }
}
message GetPageRequest { string id = 1; string region = 2; int32 top = 3; }
message Page {
  option (bff.v1.message) = { let: [
    { name: "item" call: { method: "up.v1.ItemService/GetItem" set: { name: "id" by: "args.id" } } },
    { name: "price" supplementary: true
      call: { method: "up.v1.ItemService/GetPrice" set: { name: "id" by: "item.id" } } },
    { name: "stock" supplementary: true
      call: { method: "up.v1.ItemService/GetStock"
        set: [ { name: "id" by: "args.id" }, { name: "region" by: "args.region" } ] } },
    { name: "related" supplementary: true
      call: { method: "up.v1.ItemService/ListItems" set: { name: "ids" by: "item.related" } } }
  ] };
  string title = 1 [(bff.v1.field).by = "item.name"];
  optional int64 cents = 2 [(bff.v1.field).by = "price.cents"];
  optional int32 available = 3 [(bff.v1.field).by = "stock.available"];
  repeated Related related = 4 [(bff.v1.field).by = "related.items"];
  repeated bff.v1.Degradation degraded = 15;
}
message Related {
  option (bff.v1.message).alias = "up.v1.Item";
  string name = 1;
  int32 rank = 2;
}
`;

export type Edit = readonly [from: string, to: string];
export const edited = (...edits: readonly Edit[]): string =>
  edits.reduce((text, [from, to]) => {
    expect(text.split(from)).toHaveLength(2);
    return text.replace(from, to);
  }, BASE);

/** Requests, one after the other: some items have no price, slow stock, or nothing at all. */
export const REQUESTS = [
  { id: "a", region: "eu" },
  { id: "b", region: "us", top: 2 },
  { id: "free", region: "eu" },
  { id: "slow", region: "eu", top: 1 },
  { id: "gone", region: "eu" },
  { id: "a", region: "us" },
];

/** Upstreams that note their calls, as `package.Service/Method {"id":"a"}`. */
function upstreams() {
  const calls: string[] = [];
  const noting = <T extends object>(name: string, answer: (request: T) => object | Promise<object>) =>
    [
      `up.v1.ItemService/${name}`,
      (request: T) => {
        const { $typeName, ...fields } = request as T & { $typeName: string };
        calls.push(`up.v1.ItemService/${name} ${JSON.stringify(fields)}`);
        return answer(request);
      },
    ] as const;
  const fails = (code: Code): never => {
    throw new ConnectError("refused", code);
  };
  const handlers = Object.fromEntries([
    noting("GetItem", ({ id }: { id: string }) =>
      id === "gone" ? fails(Code.NotFound) : { id, name: `Item ${id}`, rank: id.length, related: ["x", "y"] },
    ),
    noting("GetPrice", async ({ id }: { id: string }) => {
      if (id === "slow") await new Promise((resolve) => setTimeout(resolve, 100));
      return id === "free" ? fails(Code.Unavailable) : { cents: BigInt(id.length * 100), currency: "EUR" };
    }),
    noting("GetStock", async ({ id, region }: { id: string; region: string }) => {
      if (id === "slow") await new Promise((resolve) => setTimeout(resolve, 200));
      return { available: region === "eu" ? 3 : 0 };
    }),
    noting("ListItems", ({ ids }: { ids: string[] }) => ({
      items: ids.map((id, rank) => ({ id, name: `Item ${id}`, rank })),
    })),
  ]) as unknown as Handlers<never>;
  return { handlers, calls };
}

/** One request as its client and the upstreams see it. */
interface Seen {
  readonly status: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly calls: readonly string[];
}

/** Generates a build, and returns it with its server. */
export function generated(proto: string) {
  const project = new GeneratedProject(
    `against-${builds++}`,
    { "shop/v1/shop.proto": proto },
    { "up/v1/up.proto": UP },
  );
  made.push(() => project.remove());
  const [server = ""] = project.generate();
  return { project, server };
}

/** Generates a build, and sends it the requests. */
export async function live(
  proto: string,
  env: Readonly<Record<string, string>> = {},
  atOnce: readonly object[] = [],
  headers: Readonly<Record<string, string>> = {},
) {
  const { project, server } = generated(proto);
  const { handlers, calls } = upstreams();
  const bff = await project.served(server, handlers, env);
  const seen: Seen[] = [];
  for (const request of REQUESTS) {
    calls.length = 0;
    const { status, body } = await bff.post("shop.v1.ShopService/GetPage", request, { headers });
    seen.push({ status: status === 200 ? "OK" : String(body.code).toUpperCase(), body, calls: calls.toSorted() });
  }
  const left = [...atOnce];
  const lane = async (): Promise<void> => {
    for (let next = left.pop(); next !== undefined; next = left.pop())
      await bff.post("shop.v1.ShopService/GetPage", next);
  };
  await Promise.all(Array.from({ length: 16 }, lane));
  await bff.stop();
  return { server: join(project.folder, server), seen };
}
let builds = 0;
/** Remove what was made. */
export const made: (() => void)[] = [];

/** A build with its captures. */
export async function captured(atOnce: readonly object[] = [], proto = BASE) {
  const folder = mkdtempSync(join(tmpdir(), "protobff-against-"));
  made.push(() => rmSync(folder, { recursive: true, force: true }));
  const build = await live(proto, { BFF_CAPTURE: `all;dir=${folder}` }, atOnce);
  const [file = ""] = readdirSync(folder);
  return { ...build, folder, file: join(folder, file) };
}

/** A capture as lines of JSON. */
export function linesOf(file: string): string {
  const { header, requests } = readCapture(file);
  return captureText(header, requests);
}

/** How often each text is there. */
const counted = (texts: readonly string[]): Readonly<Record<string, number>> =>
  Object.fromEntries(
    Object.entries(Object.groupBy(texts, (text) => text)).map(([text, all]) => [text, all?.length ?? 0]),
  );

/** Fields that differ, as `Related.rank`. */
function fieldsOf(type: string, before: Seen["body"] = {}, after: Seen["body"] = {}): string[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((name) => {
    const [was, is] = [before[name], after[name]];
    if (name === "degraded" || JSON.stringify(was) === JSON.stringify(is)) return [];
    if (!Array.isArray(was) || !Array.isArray(is)) return [`${type}.${name}`];
    return was.flatMap((item, i) => (i < is.length ? fieldsOf("Related", item, is[i]) : [`${type}.${name}`]));
  });
}

/** The differences of two builds by their kinds, with the number of requests. */
export function expected(before: readonly Seen[], after: readonly Seen[]): Readonly<Record<string, number>> {
  return counted(
    before.flatMap((was, i) => {
      const is = after[i] as Seen;
      const other = is.calls.filter((call) => !was.calls.includes(call)).map((call) => call.replace(/ .*/, ""));
      if (other.length > 0) return [`unknown ${other.sort()[0]}`];
      const status = was.status === is.status ? [] : [`status ${was.status} -> ${is.status}`];
      const fields = was.status === "OK" && is.status === "OK" ? fieldsOf("Page", was.body, is.body) : [];
      const [had, has] = [was, is].map(({ calls }) => counted(calls.map((call) => call.replace(/ .*/, ""))));
      const calls = [...new Set([...Object.keys(had ?? {}), ...Object.keys(has ?? {})])].flatMap((rpc) => {
        const more = (has?.[rpc] ?? 0) - (had?.[rpc] ?? 0);
        return more === 0 ? [] : [`calls ${more > 0 ? "+" : ""}${more} ${rpc}`];
      });
      return [...new Set([...status, ...fields.map((field) => `answer ${field}`), ...calls])];
    }),
  );
}

interface Report {
  readonly requests: number;
  readonly groups: readonly { readonly kind: string; readonly what: string; readonly requests: number }[];
}
/** The command's program, without the command. */
export function against(files: readonly string[], server: string, more: object = {}) {
  const main = join(root, "packages/replay/src/main.ts");
  const args = JSON.stringify({ files, against: server, ...more });
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, args], { cwd: root, encoding: "utf8", env });
  return { exitCode: status, stdout, stderr };
}
const env = { ...process.env, ...compiled };

/** The same of a report. Other tests look at times and degradations. */
export function reported({ groups }: Report): Readonly<Record<string, number>> {
  const kept = groups.filter(({ kind }) => ["answer", "status", "calls", "unknown"].includes(kind));
  return Object.fromEntries(
    kept.map(({ kind, what, requests }) => [
      kind === "unknown" ? `unknown ${what.replace(/ has no captured answer.*/, "")}` : `${kind} ${what}`,
      requests,
    ]),
  );
}
