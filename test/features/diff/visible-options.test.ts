// `protobff diff` sees each option of calls and upstream entries: a change of the option alone is a finding.
import type { DescMessage } from "@bufbuild/protobuf";
import { CallSchema, UpstreamSchema } from "@protobff/messages/options.js";
import { describe, expect, test } from "vitest";
import { compareReports } from "../../../cli/src/diff/compare.ts";
import { compile } from "../../../plugin/src/compile.ts";
import type { FileReport } from "../../../plugin/src/report/describe-report.ts";
import { requestFor } from "../../support/request.ts";
import { together } from "../../support/together.ts";

const UPSTREAM = `syntax = "proto3";
package up.v1;
import "google/protobuf/field_mask.proto";
service Items {
  rpc Get(Key) returns (Item) { option idempotency_level = NO_SIDE_EFFECTS; }
  rpc Find(Key) returns (Item) { option idempotency_level = NO_SIDE_EFFECTS; }
  rpc Renew(Key) returns (Item);
  rpc Batch(Keys) returns (List) { option idempotency_level = NO_SIDE_EFFECTS; }
  rpc BatchValues(Values) returns (List) { option idempotency_level = NO_SIDE_EFFECTS; }
}
service Feed { rpc Watch(Key) returns (stream Item) { option idempotency_level = NO_SIDE_EFFECTS; } }
service Others { rpc Get(Key) returns (Item) { option idempotency_level = NO_SIDE_EFFECTS; } }
message Key {
  string id = 1;
  string locale = 2;
  google.protobuf.FieldMask fields = 3;
  string mail = 4 [debug_redact = true];
  int32 page = 5;
}
message Keys { repeated string ids = 1; repeated string others = 2; }
message Values { repeated Value values = 1; }
message Value { string id = 1; }
message Item { string id = 1; string name = 2; }
message List { repeated Item items = 1; repeated Item others = 2; }
`;

/** Parts of a BFF that a case changes. */
interface Parts {
  /** Between the braces of the unary call. */
  readonly call?: string;
  /** Upstream entries. */
  readonly entry?: string;
  /** Further options of the followed call. */
  readonly follow?: string;
}
const bff = ({ call = get("").call, entry = "", follow = "" }: Parts): string => `syntax = "proto3";
package shop.v1;
import "bff/v1/identity.proto";
import "bff/v1/options.proto";
import "up/v1/up.proto";
option (bff.v1.file) = {
  identity: { source: { name: "key" api_key: { header: "x-key" } } }
  env: [{ name: "FEW" type: "int" min: "1" max: "5" }, { name: "MANY" type: "int" min: "1" max: "5" }]
  ${entry}
};
service Shop {
  option (bff.v1.service) = { permit: {} };
  rpc GetPage(GetPageRequest) returns (Page) { option (bff.v1.method) = { timeout: "2s" }; }
  rpc Follow(GetPageRequest) returns (stream Followed) {
    option (bff.v1.method) = {
      stream: { var: "next" call: { method: "up.v1.Feed/Watch" set: { name: "id" by: "args.id" } ${follow} } }
    };
  }
}
message GetPageRequest { string id = 1; string locale = 2; string mail = 3 [debug_redact = true]; }
message Page {
  option (bff.v1.message) = { let: { name: "item" supplementary: true call: { ${call} } } };
  optional string name = 1 [(bff.v1.field).by = "item.name"];
}
message Followed { string name = 1 [(bff.v1.field).by = "args.next.name"]; }
`;

type Settings = Readonly<Record<string, readonly [Parts, Parts]>>;

const called = (method: string, more: string) => ({ call: `method: "up.v1.Items/${method}" ${more}` });
const get = (more: string, method = "Get") => called(method, `set: { name: "id" by: "args.id" } ${more}`);
const batch = (more: string, name = "ids", by = "args.id", items = "items") =>
  called("Batch", `batch: { name: "${name}" by: "${by}" items: "${items}" ${more} }`);
const wrap = (text: string) =>
  called("BatchValues", `batch: { name: "values" by: "args.id" items: "items" key: "id" wrap: "${text}" }`);
const entry = (more: string, of = `service: "up.v1.Items"`) => ({ entry: `upstream: { ${of} ${more} }` });
const put = (more: string) => ({ ...get("", "Renew"), ...entry(more) });
const branch = (more: string) => entry(`branch: { name: "next" ${more} }`);
const sharded = (more: string, call = get("")) => ({ ...call, ...entry(`shard: { ${more} }`) });

/** Two settings of each option that calls and entries share. */
const POLICY: Readonly<Record<string, readonly [string, string]>> = {
  timeout: [`timeout: "100ms"`, `timeout: "200ms"`],
  "retry.attempts": ["retry: { attempts: 2 }", "retry: { attempts: 4 }"],
  "retry.on": ["retry: { on: UNAVAILABLE }", "retry: { on: ABORTED }"],
  "retry.if": [`retry: { if: "error.message != 'a'" }`, `retry: { if: "error.message != 'b'" }`],
  "retry.backoff.initial": [`retry: { backoff: { initial: "10ms" } }`, `retry: { backoff: { initial: "15ms" } }`],
  "retry.backoff.max": [`retry: { backoff: { max: "25ms" } }`, `retry: { backoff: { max: "30ms" } }`],
  "retry.backoff.multiplier": ["retry: { backoff: { multiplier: 1.5 } }", "retry: { backoff: { multiplier: 3 } }"],
  "hedge.delay": [`hedge: { delay: "20ms" }`, `hedge: { delay: "30ms" }`],
  "hedge.max": [`hedge: { delay: "20ms" max: 1 }`, `hedge: { delay: "20ms" max: 2 }`],
  "hedge.at_once": [`hedge: { delay: "20ms" }`, "hedge: { at_once: true }"],
  "hedge.budget": [`hedge: { delay: "20ms" budget: 0.1 }`, `hedge: { delay: "20ms" budget: 0.2 }`],
  "cache.ttl": [`cache: { ttl: "5s" }`, `cache: { ttl: "6s" }`],
  "cache.stale": [`cache: { ttl: "5s" stale: "10s" }`, `cache: { ttl: "5s" stale: "20s" }`],
  "cache.tag": [`cache: { ttl: "5s" tag: "a" }`, `cache: { ttl: "5s" tag: "b" }`],
  "cache.purged": [`cache: { ttl: "5s" tag: "a" }`, `cache: { ttl: "5s" tag: "a" purged: COUNT_ONLY }`],
  "cache.single_fetch": [`cache: { ttl: "5s" }`, `cache: { ttl: "5s" single_fetch: false }`],
  "limit.concurrent": ["limit: { concurrent: 5 }", "limit: { concurrent: 6 }"],
  "limit.concurrent_env": [`limit: { concurrent_env: "FEW" }`, `limit: { concurrent_env: "MANY" }`],
  "limit.queued": ["limit: { queued: 5 }", "limit: { queued: 6 }"],
  "metadata.name": [`metadata: { name: "x-a" by: "'a'" }`, `metadata: { name: "x-b" by: "'a'" }`],
  "metadata.by": [`metadata: { name: "x-a" by: "'a'" }`, `metadata: { name: "x-a" by: "'b'" }`],
  "metadata.if": [
    `metadata: { name: "x-a" by: "'a'" }`,
    `metadata: { name: "x-a" by: "'a'" if: "headers['x-b'] != ''" }`,
  ],
  forward: [`forward: "x-a"`, `forward: "x-b"`],
  "on_error.on": [
    "on_error: { on: NOT_FOUND fail: { code: INTERNAL } }",
    "on_error: { on: ABORTED fail: { code: INTERNAL } }",
  ],
  "on_error.if": [
    "on_error: { fail: { code: INTERNAL } }",
    `on_error: { if: "error.message == 'a'" fail: { code: INTERNAL } }`,
  ],
  "on_error.ignore": ["on_error: { on: ABORTED fail: { code: INTERNAL } }", "on_error: { on: ABORTED ignore: true }"],
  "on_error.fallback": [
    `on_error: { fallback: "up.v1.Item{id: 'a'}" }`,
    `on_error: { fallback: "up.v1.Item{id: 'b'}" }`,
  ],
  "on_error.fail": [`on_error: { fail: { message: "a" } }`, `on_error: { fail: { message: "b" } }`],
  identify: [`timeout: "1s"`, `timeout: "1s" identify: PLAIN`],
};
const onEach = (of: (text: string) => Parts): Settings =>
  Object.fromEntries(Object.entries(POLICY).map(([name, [before, after]]) => [name, [of(before), of(after)]]));

const CALL: Settings = {
  ...onEach(get),
  "limit.adaptive": [get(""), get("limit: { adaptive: true }")],
  "limit.streams": [{ follow: "limit: { streams: 5 }" }, { follow: "limit: { streams: 6 }" }],
  idempotent: [get("", "Renew"), get("idempotent: true", "Renew")],
  read_only: [get("", "Renew"), get("read_only: true", "Renew")],
  method: [get(""), get("", "Find")],
  "set.name": [get(""), get(`set: { name: "locale" by: "args.id" }`)],
  "set.by": [get(""), called("Get", `set: { name: "id" by: "args.locale" }`)],
  "set.if": [get(""), called("Get", `set: { name: "id" by: "args.id" if: "args.locale != ''" }`)],
  "set.spread": [get(""), called("Get", `set: { spread: "up.v1.Key{locale: args.id}" }`)],
  "set.fields": [get(""), get(`set: { name: "fields" fields: true }`)],
  "set.reveal": [
    get(`set: { name: "locale" by: "args.mail" reveal: "a" }`),
    get(`set: { name: "locale" by: "args.mail" reveal: "b" }`),
  ],
  "metadata.reveal": [
    get(`metadata: { name: "x-a" by: "args.mail" reveal: "a" }`),
    get(`metadata: { name: "x-a" by: "args.mail" reveal: "b" }`),
  ],
  request: [get(""), get(`request: "up.v1.Key{locale: 'a'}"`)],
  "batch.name": [batch(`key: "id"`), batch(`key: "id"`, "others")],
  "batch.by": [batch(`key: "id"`), batch(`key: "id"`, "ids", "args.locale")],
  "batch.items": [batch(`key: "id"`), batch(`key: "id"`, "ids", "args.id", "others")],
  "batch.key": [batch(`key: "id"`), batch(`key: "name"`)],
  "batch.key_by": [batch(`key_by: "item.id + 'a'"`), batch(`key_by: "item.id + 'b'"`)],
  "batch.max": [batch(`key: "id"`), batch(`key: "id" max: 7`)],
  "batch.wrap": [wrap("up.v1.Value{id: key}"), wrap("up.v1.Value{id: key + 'a'}")],
  "shard.by": [
    sharded("max: 4", get(`shard: { by: "args.id" }`)),
    sharded("max: 4", get(`shard: { by: "args.locale" }`)),
  ],
  "shard.name": [
    sharded("max: 4", get(`shard: { by: "args.id" }`)),
    sharded("max: 4", get(`shard: { name: "args.id" }`)),
  ],
};
const FEED = `service: "up.v1.Feed"`;
const ENTRY: Settings = {
  ...onEach((text) => entry(text)),
  "limit.adaptive": [entry("limit: { queued: 5 }"), entry("limit: { queued: 5 adaptive: true }")],
  "limit.streams": [entry("limit: { streams: 5 }", FEED), entry("limit: { streams: 6 }", FEED)],
  service: [entry(`timeout: "100ms"`), entry(`timeout: "100ms"`, `service: "up.v1.Others"`)],
  method: [
    entry(`timeout: "100ms"`, `method: "up.v1.Items/Get"`),
    entry(`timeout: "100ms"`, `method: "up.v1.Items/Find"`),
  ],
  idempotent: [put(`timeout: "1s"`), put(`timeout: "1s" idempotent: true`)],
  read_only: [put(`timeout: "1s"`), put(`timeout: "1s" read_only: true`)],
  "breaker.error_rate": [entry("breaker: { error_rate: 0.1 }"), entry("breaker: { error_rate: 0.2 }")],
  "breaker.window": [entry(`breaker: { window: "5s" }`), entry(`breaker: { window: "6s" }`)],
  "breaker.minimum": [entry("breaker: { minimum: 5 }"), entry("breaker: { minimum: 6 }")],
  "breaker.open_for": [entry(`breaker: { open_for: "5s" }`), entry(`breaker: { open_for: "6s" }`)],
  "breaker.probes": [entry("breaker: { probes: 5 }"), entry("breaker: { probes: 6 }")],
  "breaker.slow": [entry(`breaker: { slow: "1s" }`), entry(`breaker: { slow: "1.5s" }`)],
  "breaker.slow_rate": [
    entry(`breaker: { slow: "1s" slow_rate: 0.1 }`),
    entry(`breaker: { slow: "1s" slow_rate: 0.2 }`),
  ],
  "breaker.consecutive": [entry("breaker: { consecutive: 0 }"), entry("breaker: { consecutive: 6 }")],
  "breaker.off": [entry(`timeout: "1s"`), entry(`timeout: "1s" breaker: { off: true }`)],
  "retry_budget.max_tokens": [entry("retry_budget: { max_tokens: 5 }"), entry("retry_budget: { max_tokens: 6 }")],
  "retry_budget.token_ratio": [
    entry("retry_budget: { token_ratio: 0.1 }"),
    entry("retry_budget: { token_ratio: 0.2 }"),
  ],
  "balance.eject_after": [entry("balance: { eject_after: 3 }"), entry("balance: { eject_after: 4 }")],
  "balance.eject_for": [entry(`balance: { eject_for: "3s" }`), entry(`balance: { eject_for: "4s" }`)],
  "balance.max_ejected": [entry("balance: { max_ejected: 0.3 }"), entry("balance: { max_ejected: 0.4 }")],
  "balance.refresh": [entry(`balance: { refresh: "3s" }`), entry(`balance: { refresh: "4s" }`)],
  "balance.subset": [entry("balance: { subset: 30 }"), entry("balance: { subset: 40 }")],
  "balance.connections": [entry("balance: { connections: 3 }"), entry("balance: { connections: 4 }")],
  "branch.name": [branch("share: 0.1"), entry(`branch: { name: "other" share: 0.1 }`)],
  "branch.if": [branch(`if: "headers['x-a'] != ''"`), branch(`if: "headers['x-b'] != ''"`)],
  "branch.share": [branch("share: 0.1"), branch("share: 0.2")],
  "branch.by": [branch(`share: 0.1 by: "headers['x-a']"`), branch(`share: 0.1 by: "headers['x-b']"`)],
  "branch.mirror": [branch("share: 0.1"), branch("share: 0.1 mirror: true")],
  "branch.compare": [branch("share: 0.1 mirror: true"), branch("share: 0.1 mirror: true compare: true")],
  "branch.ignore": [
    branch("share: 0.1 mirror: true compare: true"),
    branch(`share: 0.1 mirror: true compare: true ignore: "up.v1.Item.name"`),
  ],
  "branch.protocol": [branch("share: 0.1"), branch("share: 0.1 protocol: CONNECT")],
  protocol: [entry("protocol: GRPC"), entry("protocol: CONNECT")],
  "shard.by": [sharded(`by: "request.id"`), sharded(`by: "request.locale"`)],
  "shard.max": [sharded(`by: "request.id" max: 4`), sharded(`by: "request.id" max: 5`)],
  "shard.hash": [sharded(`by: "request.page"`), sharded(`by: "request.page" hash: MODULO`)],
};
/** Options of `Bind` that metadata does not have. `many` changes the type of a step, and so each expression that reads it. */
const CALL_WITHOUT = ["metadata.spread", "metadata.fields", "batch.many"];
/** Entries do not see the sensitive request. */
const ENTRY_WITHOUT = ["metadata.spread", "metadata.fields", "metadata.reveal"];

/** Returns the paths of options, such as `retry.on`. The parts of a failure are compared as one. */
const pathsOf = (desc: DescMessage): string[] =>
  desc.fields.flatMap(({ name, message }) =>
    message === undefined || message.name === "Failure" ? [name] : pathsOf(message).map((path) => `${name}.${path}`),
  );

function reports(parts: Parts): readonly FileReport[] {
  const request = requestFor({ "up/v1/up.proto": UPSTREAM, "shop/v1/shop.proto": bff(parts) }, ["shop/v1/shop.proto"]);
  const { response } = compile({ ...request, parameter: "plan=json" }, () => undefined);
  expect(response.error).toBe("");
  return response.file
    .filter(({ name }) => name.endsWith("_plan.json"))
    .map(({ content }) => JSON.parse(content) as FileReport);
}

const all = [...Object.values(CALL), ...Object.values(ENTRY)].flat();
together(
  { "up/v1/up.proto": UPSTREAM },
  all.map((parts) => ({ "shop/v1/shop.proto": bff(parts) })),
);

describe.each([
  ["a call", CallSchema, CALL, CALL_WITHOUT],
  ["an upstream entry", UpstreamSchema, ENTRY, ENTRY_WITHOUT],
] as const)("options of %s", (_, desc, settings, without) => {
  test("each option has two settings here", () => {
    expect([...Object.keys(settings), ...without].sort()).toEqual(pathsOf(desc).sort());
  });
  test.each(Object.entries(settings))("%s", (_name, [before, after]) => {
    expect(compareReports(reports(before), reports(after))).not.toEqual([]);
  });
});
