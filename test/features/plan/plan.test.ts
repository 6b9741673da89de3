// The plan's output: what a person reads, what a tool reads, and the figures in them.
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { compile } from "../../../plugin/src/compile.ts";
import type { FileReport, RpcReport } from "../../../plugin/src/report/describe-report.ts";
import { goldenTexts } from "../../support/archive.ts";
import { goldenOf, textsBelow, UPSTREAMS } from "../../support/golden.ts";
import { requestFor } from "../../support/request.ts";

type Protos = Readonly<Record<string, string>>;
const root = fileURLToPath(new URL("../../..", import.meta.url));
const upstreams = Object.fromEntries(
  Object.entries(textsBelow(join(root, "proto/example"))).filter(([name]) => !/^(web|mobile|policy)\//.test(name)),
);
const protosOf = (name: string): Protos => goldenTexts(`emit/${name}`, "proto");
interface PlanCase {
  readonly protos: Protos;
  readonly upstreams: Protos;
}
const emitted = (name: string): PlanCase => ({ protos: protosOf(name), upstreams: UPSTREAMS });
/** A case whose protos are in its own archive. */
const written = (kind: string, name: string): PlanCase => ({
  protos: goldenTexts(`plan/${kind}`, `${name}/proto`),
  upstreams: goldenTexts(`plan/${kind}`, `${name}/upstreams`),
});
/** The old version; what follows it is seen, and generated elsewhere. */
function versions(): PlanCase {
  const { "page/v1/page.proto": old = "", ...upstreams } = protosOf("versions");
  return { protos: { "page/v1/page.proto": old }, upstreams };
}
/** One file is the upstream. */
function withUpstream(name: string, upstream: string): PlanCase {
  const { [upstream]: text = "", ...protos } = protosOf(name);
  return { protos, upstreams: { ...UPSTREAMS, [upstream]: text } };
}
/** Cases by archive: one for each kind of step. */
const KINDS: Readonly<Record<string, Readonly<Record<string, PlanCase>>>> = {
  pages: {
    "worked-example": { protos: textsBelow(join(root, "test/bffs/worked-example/proto")), upstreams },
    synthetic: written("pages", "synthetic"),
  },
  calls: {
    balance: emitted("balance"),
    branches: emitted("branches"),
    "fair-share": emitted("fair-share"),
    "http-json": emitted("http-json"),
    mirrors: emitted("mirrors"),
    "numbers-of-variables": emitted("numbers-of-variables"),
    priorities: emitted("priorities"),
    shards: withUpstream("shards", "office/v1/office.proto"),
    unordered: emitted("unordered"),
    vouched: written("calls", "vouched"),
  },
  caches: {
    "cached-answers": emitted("cached-answers"),
    fresh: emitted("fresh"),
    "sensitive-caches": withUpstream("sensitive-caches", "people/v1/people.proto"),
    tags: emitted("tags"),
  },
  expressions: {
    functions: emitted("functions"),
    headers: emitted("headers"),
    "nested-macros": { ...written("expressions", "nested-macros"), upstreams: UPSTREAMS },
  },
  messages: {
    fields: emitted("fields"),
    "oneof-steps": emitted("oneof-steps"),
    "request-masks": emitted("request-masks"),
    reveal: withUpstream("reveal", "people/v1/people.proto"),
    subset: withUpstream("subset", "web/web.proto"),
  },
  resolvers: { "resolver-reads": emitted("resolver-reads") },
  guards: {
    limits: emitted("limits"),
    meters: emitted("meters"),
    permits: emitted("permits"),
    usage: emitted("usage"),
    validation: emitted("validation"),
  },
  services: { "service-let": emitted("service-let-effects"), tools: emitted("tools"), versions: versions() },
  streams: { defer: emitted("defer"), stream: { protos: protosOf("stream"), upstreams: {} } },
};
const cases = Object.entries(KINDS).flatMap(([kind, byName]) =>
  Object.entries(byName).map(([name, texts]) => ({ kind, name, ...texts })),
);

/** The files of the plan by name, with nothing but warnings said. */
function plans(protos: Protos, upstreams: Protos, format: string, reverse = false): Protos {
  const all = { ...upstreams, ...protos };
  const request = requestFor(all, Object.keys(protos));
  const protoFile = reverse ? anotherOrder(request.protoFile) : request.protoFile;
  const fileToGenerate = reverse ? [...request.fileToGenerate].reverse() : request.fileToGenerate;
  const { response } = compile(
    { ...request, protoFile, fileToGenerate, parameter: `plan=${format}` },
    (file) => all[file],
  );
  expect(response.error).toBe("");
  const found = response.file.filter(({ name }) => name.includes("_plan."));
  return Object.fromEntries(found.map(({ name, content }) => [name, content]));
}

/** Dependencies still first, and otherwise the other way round. */
function anotherOrder<F extends { readonly name: string; readonly dependency: readonly string[] }>(
  files: readonly F[],
): F[] {
  const rest = [...files].reverse();
  const done = new Set<string>();
  const order: F[] = [];
  while (rest.length > 0) {
    const i = rest.findIndex(({ dependency }) => dependency.every((name) => done.has(name)));
    const [next] = rest.splice(i, 1);
    if (next === undefined) throw new Error("the files import each other in a circle");
    done.add(next.name);
    order.push(next);
  }
  return order;
}

describe.each(cases)("the plan of the $name", ({ kind, name, protos, upstreams }) => {
  test.each(["json", "mermaid", "text"])("matches the golden as %s", (format) => {
    const found = plans(protos, upstreams, format);
    for (const [file, text] of Object.entries(found))
      expect(text).toBe(goldenOf(`plan/${kind}`, `${name}/expected/${file}`, { "": text })[""]);
    expect(Object.keys(found).length).toBe(1);
    expect(plans(protos, upstreams, format, true)).toEqual(found);
  });
});

const UP = `syntax = "proto3";
package up.v1;
service A {
  rpc Get(Req) returns (Res) { option idempotency_level = NO_SIDE_EFFECTS; }
  rpc Batch(Keys) returns (Items) { option idempotency_level = NO_SIDE_EFFECTS; }
  rpc Put(Req) returns (Res);
}
message Req { string id = 1; }
message Res { string id = 1; repeated string ids = 2; }
message Keys { repeated string ids = 1; }
message Items { repeated Res items = 1; }
`;
const call = (method: string, more: string) => `call: { method: "up.v1.A/${method}" ${more} }`;
const get = (id: string, more = "") => call("Get", `set: { name: "id" by: "${id}" } ${more}`);
const batch = (id: string, more = "") =>
  call("Batch", `batch: { name: "ids" by: "${id}" items: "items" key: "id" ${more} }`);
const bff = (steps: string, fields: string, more = "", timeout = "1s") => `syntax = "proto3";
package app.v1;
import "bff/v1/degradation.proto";
import "bff/v1/options.proto";
service S {
  option (bff.v1.service) = {};
  rpc R(In) returns (Out) { option idempotency_level = NO_SIDE_EFFECTS; option (bff.v1.method) = { timeout: "${timeout}" }; }
}
message In { string id = 1; }
message Out {
  option (bff.v1.message) = { let: [ ${steps} ] };
  ${fields}
  repeated bff.v1.Degradation degraded = 15;
}
${more}`;
const report = (proto: string): FileReport =>
  JSON.parse(
    plans({ "app/v1/app.proto": proto }, { "up/v1/up.proto": UP }, "json")["app/v1/app_plan.json"] ?? "",
  ) as FileReport;
const text = (proto: string): string =>
  plans({ "app/v1/app.proto": proto }, { "up/v1/up.proto": UP }, "text")["app/v1/app_plan.txt"] ?? "";
const rpc = (proto: string): RpcReport => report(proto).rpcs[0] as RpcReport;
const field = (by: string) => `optional string id = 1 [(bff.v1.field).by = "${by}"];`;
const list = (by: string) => `repeated string ids = 2 [(bff.v1.field).by = "${by}"];`;
const card = (steps: string) =>
  `message Card { option (bff.v1.message) = { let: [ ${steps} ] }; optional string id = 1 [(bff.v1.field).by = "c.id"]; }`;
const cards = (each: string) =>
  `{ name: "a" ${get("args.id", `timeout: "100ms"`)} },
   { name: "cards" each: { var: "x" in: "a.ids" ${each} compose: { message: "Card" args: { name: "x" by: "x" } } } }`;
const CARDS = `repeated Card cards = 3 [(bff.v1.field).by = "cards"];`;

describe("the worst case", () => {
  test("counts calls and attempts, with the longest of parallel steps and the sum of sequential ones", () => {
    const steps = `{ name: "a" ${get("args.id", `timeout: "100ms" retry: { attempts: 2 }`)} },
      { name: "b" ${get("a.id", `timeout: "200ms" retry: { attempts: 1 }`)} },
      { name: "c" ${get("args.id", `timeout: "250ms"`)} }`;
    expect(rpc(bff(steps, field("b.id + c.id")))).toMatchObject({
      budget_ms: 1000,
      for_calls_ms: 900,
      worst_ms: 300,
      critical_path: [
        { step: "a", ms: 100 },
        { step: "b", ms: 200 },
      ],
      worst_calls: 3,
      worst_attempts: 6,
    });
  });

  test("begins with the permit, and does not wait again for service steps that the permit has called", () => {
    const identity = `option (bff.v1.file).identity = { type: "P" source: { name: "user" set: { name: "id" by: "claims.id" }
      jwt: { issuer: "https://id.example" audience: "app" claims: "P" } } };\nmessage P { string id = 1; }\n`;
    const serviceOptions = `permit: {} let: { name: "own" ${get("principal.id", `timeout: "400ms"`)} }`;
    const proto = bff(`{ name: "b" ${get("own.id", `timeout: "200ms"`)} }`, field("b.id"))
      .replace("service S", `${identity}service S`)
      .replace("(bff.v1.service) = {}", `(bff.v1.service) = { ${serviceOptions} }`)
      .replace(`{ timeout: "1s"`, `{ permit: { if: "own.id == args.id" } timeout: "1s"`);
    expect(rpc(proto)).toMatchObject({
      worst_ms: 600,
      critical_path: [
        { step: "own", ms: 400 },
        { step: "b", ms: 200 },
      ],
    });
  });

  test("is limited by the rest of the budget, which a call without a timeout may take completely", () => {
    const steps = `{ name: "a" ${get("args.id", `timeout: "100ms"`)} }, { name: "b" ${get("a.id")} }`;
    const found = rpc(bff(steps, field("b.id")));
    expect(found.worst_ms).toBe(900);
    expect(found.critical_path).toEqual([
      { step: "a", ms: 100 },
      { step: "b", ms: 900 },
    ]);
  });

  test.each([
    ["a list without `max` is not bounded", "", get("args.x", `timeout: "50ms"`), null, 900],
    ["a batch over a list without `max` is not bounded", "", batch("args.x"), null, 900],
    ["items run in rounds of `concurrent`", "max: 25", get("args.x", `timeout: "50ms"`), 26, 250],
    ["a batch contains all items at once", "max: 25", batch("args.x", "max: 10"), 4, 900],
  ])("%s", (_, max, inner, calls, ms) => {
    const found = rpc(bff(cards(max), CARDS, card(`{ name: "c" supplementary: true ${inner} }`)));
    expect([found.worst_calls, found.worst_ms]).toEqual([calls, ms]);
  });

  test.each([
    ["has the time of all items beside the time that is left", "max: 500", 2_500, "900 ms, cut from 2.5 s"],
    ["has no time of all items if nothing bounds them", "", null, "900 ms, cut because nothing bounds its items"],
  ])("%s", (_, max, whole, shown) => {
    const proto = bff(cards(max), CARDS, card(`{ name: "c" supplementary: true ${get("args.x", `timeout: "50ms"`)} }`));
    expect(rpc(proto).critical_path).toEqual([
      { step: "a", ms: 100 },
      { step: "cards", ms: 900, whole_ms: whole },
    ]);
    expect(text(proto)).toContain(`at worst 900 ms: a 100 ms, then cards ${shown}\n`);
  });

  test("multiplies nested lists, and counts a batch behind a call of the item for each item", () => {
    const nested = `message Card { option (bff.v1.message) = { let: [
        { name: "b" ${get("args.x", `timeout: "10ms"`)} },
        { name: "c" supplementary: true ${batch("b.id", "max: 10")} },
        { name: "inner" each: { var: "y" in: "b.ids" max: 3 ${get("y", `timeout: "10ms"`)} } } ] };
      optional string id = 1 [(bff.v1.field).by = "c.id"]; repeated up.v1.Res all = 2 [(bff.v1.field).by = "inner"]; }`;
    const proto = bff(cards("max: 5"), CARDS, nested).replace("import", 'import "up/v1/up.proto";\nimport');
    expect(rpc(proto).calls).toEqual([
      { method: "up.v1.A/Get", calls: 1 + 5 + 15, attempts: 63 },
      { method: "up.v1.A/Batch", calls: 5, attempts: 15 },
    ]);
  });

  test("counts a hedge beside each attempt", () => {
    const steps = `{ name: "a" ${get("args.id", `timeout: "100ms" retry: { attempts: 2 } hedge: { delay: "20ms" max: 2 }`)} }`;
    expect(rpc(bff(steps, field("a.id")))).toMatchObject({ worst_calls: 1, worst_attempts: 6 });
  });

  test("counts only the heaviest case of a switch", () => {
    const steps = `{ name: "a" ${get("args.id")} }, { name: "b" ${get("args.id")} }, { name: "c" ${get("b.id")} },
      { name: "s" switch: { case: { if: "args.id == 'x'" by: "a.id" } default: "c.id" } }`;
    expect(rpc(bff(steps, field("s"))).worst_calls).toBe(2);
  });

  test("is linear: a diamond of messages does not multiply the output", () => {
    const depth = 40;
    const layer = (i: number) => `message L${i} { option (bff.v1.message) = { let: [
      ${i + 1 < depth ? `{ name: "l" compose: { message: "L${i + 1}" args: { name: "id" by: "args.id" } } }, { name: "r" compose: { message: "L${i + 1}" args: { name: "id" by: "args.id" } } }` : `{ name: "l" ${get("args.id")} }`} ] };
      ${i + 1 < depth ? `L${i + 1} l = 1 [(bff.v1.field).by = "l"]; L${i + 1} r = 2 [(bff.v1.field).by = "r"];` : `string l = 1 [(bff.v1.field).by = "l.id"];`} }`;
    const layers = Array.from({ length: depth }, (_, i) => layer(i)).join("\n");
    const proto = bff(
      `{ name: "top" compose: { message: "L0" args: { name: "id" by: "args.id" } } }`,
      `L0 top = 1 [(bff.v1.field).by = "top"];`,
      layers,
    );
    const found = report(proto);
    expect(found.messages.length).toBe(depth + 1);
    expect(found.rpcs[0]?.worst_calls).toBe(2 ** (depth - 1));
    expect(text(proto).split("\n").length).toBeLessThan(3 * depth);
  });
});

describe("the list of degradations", () => {
  const steps = `{ name: "a" supplementary: true ${get("args.id")} }, { name: "b" supplementary: true fallback: "up.v1.Res{}" ${get("args.id")} },
    { name: "c" each: { var: "x" in: "b.ids" partial: true ${get("x")} } }, { name: "d" ${get("args.id")} }`;
  test("has missing, replaced and incomplete fields, and no failures of the response", () => {
    const fields = `${field("a.id")} ${list("c.map(x, x.id)")} string e = 3 [(bff.v1.field).by = "ok(a) ? a.id : d.id"]; string f = 4 [(bff.v1.field).by = "b.id"];`;
    const [out] = report(bff(steps, fields)).messages;
    expect(out?.degrades).toEqual([
      { field: "id", when: "a", becomes: "missing" },
      { field: "ids", when: "b", becomes: "replaced" },
      { field: "ids", when: "c", becomes: "incomplete" },
      { field: "e", when: "a", becomes: "replaced" },
      { field: "f", when: "b", becomes: "replaced" },
    ]);
    expect(out?.steps.map(({ step, on_failure }) => `${step}: ${on_failure}`)).toEqual([
      "a: absent",
      "b: fallback",
      "c: response fails",
      "d: response fails",
    ]);
  });
});

test("the text has the losses of values over other composed messages", () => {
  const proto = bff(
    `{ name: "a" ${get("args.id")} },
     { name: "cards" each: { var: "x" in: "a.ids" max: 9 compose: { message: "Card" args: { name: "x" by: "x" } } } }`,
    `optional int64 all = 1 [(bff.v1.field).by = "cards.map(c, c.size).sum()"];
     int64 some = 2 [(bff.v1.field).by = "cards.filter(c, ok(c.size)).map(c, c.size).sum()"];
     repeated string names = 3 [(bff.v1.field).by = "cards.map(c, c.name)"];
     ${CARDS.replace("= 3", "= 4")}`,
    `message Card { option (bff.v1.message) = { let: { name: "c" supplementary: true ${get("args.x")} } };
      string name = 1 [(bff.v1.field).by = "args.x"]; optional int64 size = 2 [(bff.v1.field).by = "size(c.ids)"]; }`,
  );
  expect(
    text(proto)
      .split("\n")
      .filter((line) => line.startsWith("  without")),
  ).toEqual([
    "  without Card.size: Out.all is missing",
    "  without Card.size: Out.some is computed without it",
    "  without c: Card.size is missing",
  ]);
});

describe("steps of the service", () => {
  // `v` runs beside `a` since the beginning: whoever waits for `a` first finds it ended.
  const shared = (v: string, timeout = "500ms") => {
    const steps = `{ name: "a" ${get("args.id", `timeout: "200ms"`)} },
      { name: "cards" each: { var: "x" in: "a.ids" max: 5 compose: { message: "Card" args: { name: "x" by: "x" } } } }`;
    const serviceOptions = `let: { name: "v" ${get("headers['x-id']", `timeout: "${v}"`)} }`;
    const more = card(`{ name: "c" supplementary: true ${get("args.x + v.id", `timeout: "100ms"`)} }`);
    return bff(steps, CARDS, more, timeout).replace(
      "(bff.v1.service) = {}",
      `(bff.v1.service) = { ${serviceOptions} }`,
    );
  };
  test("start with the request, and their time counts once", () => {
    // 450 ms are left for calls; one after the other it would be 500 ms (BFF703).
    expect(rpc(shared("200ms"))).toMatchObject({
      worst_ms: 300,
      critical_path: [
        { step: "a", ms: 200 },
        { step: "cards.c", ms: 100 },
      ],
    });
  });
  test("are on the critical path if they end last", () => {
    expect(rpc(shared("300ms"))).toMatchObject({
      worst_ms: 400,
      critical_path: [
        { step: "v", ms: 300 },
        { step: "cards.c", ms: 100 },
      ],
    });
  });
});

describe("the weight", () => {
  test("counts decisions, decisions by headers, and the common parts of two BFFs", () => {
    const web = bff(
      `{ name: "a" ${get("args.id")} }, { name: "ios" by: "headers['x-os'] == 'ios'" },
       { guard: { if: "args.id == ''" fail: { code: INVALID_ARGUMENT } } },
       { name: "b" if: "ios" supplementary: true ${get("a.id", `on_error: { on: NOT_FOUND ignore: true }`)} }`,
      `string id = 1 [(bff.v1.field).by = "a.id + '!'"]; string os = 4 [(bff.v1.field).by = "ios ? 'i' : 'a'"]; ${list("a.ids")} optional string x = 3 [(bff.v1.field).by = "b.id"];`,
    );
    const shop = bff(
      `{ name: "z" ${get("args.id")} }`,
      `string id = 1 [(bff.v1.field).by = "z.id  +  '!'"]; ${list("z.ids")}`,
    ).replace("package app.v1", "package shop.v1");
    const all = { "up/v1/up.proto": UP, "app/v1/app.proto": web, "shop/v1/shop.proto": shop };
    const request = requestFor(all, ["app/v1/app.proto", "shop/v1/shop.proto"]);
    const { response } = compile({ ...request, parameter: "plan=weight" }, (file) => all[file as keyof typeof all]);
    expect(response.error).toBe("");
    expect(response.file.find(({ name }) => name === "bff_weight.txt")?.content).toBe(
      `${[
        "             logic  branches  on headers  steps",
        "app.v1.Out       8         4           2      4",
        "shop.v1.Out      1         0           0      1",
        "all              9         4           2      5",
        "",
        "branches on headers",
        "  app.v1.Out at app/v1/app.proto:13:24",
        "  app.v1.Out at app/v1/app.proto:14:89",
        "",
        "in common",
        "  app.v1 and shop.v1  100 % of reads  100 % of logic",
      ].join("\n")}\n`,
    );
  });
});

describe("caches", () => {
  test("make fields stale that read a critical step with stale answers", () => {
    const proto = bff(`{ name: "a" ${get("args.id", `cache: { ttl: "5s" stale: "60s" }`)} }`, field("a.id"));
    expect(report(proto).messages[0]?.degrades).toEqual([{ field: "id", when: "a", becomes: "stale" }]);
    expect(text(proto)).toContain("  with a stale: Out.id is stale\n");
  });

  const cached = (more: string) => get("args.id").replace(/ }$/, ` cache: { ttl: "5s" stale: "60s" } ${more} }`);
  const planned = (more: string) => {
    const proto = bff(`{ name: "a" ${cached(more)} }`, field("a.id"));
    return { cache: report(proto).messages[0]?.steps[0]?.call?.cache, text: text(proto) };
  };

  test("are shared by all callers if only request ids and traces are forwarded", () => {
    const { cache, text } = planned(`forward: ["x-request-id", "traceparent"]`);
    expect(cache).toEqual({ ttl_ms: 5_000, stale_ms: 60_000 });
    expect(text).toContain("cached 5 s for all callers");
  });

  test("are shared by callers with equal forwarded headers", () => {
    const { cache, text } = planned(
      `forward: ["authorization", "x-request-id"] metadata: { name: "x-team" by: "headers['x-team']" }`,
    );
    expect(cache?.per_caller).toEqual(["authorization", "x-team"]);
    expect(text).toContain("cached 5 s for callers alike in authorization, x-team");
  });
});
