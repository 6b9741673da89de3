// Messages that hold each other, as upstreams declare them and as aliases copy them, with all outputs of the plugin.
import { describe, expect, test } from "vitest";
import { compile } from "../../../plugin/src/compile.ts";
import { pick, randomFrom } from "../../proofs/fuzz/random.ts";
import { requestFor } from "../../support/request.ts";
import { seedOf } from "../../support/seed/seed.ts";

const SEED = Number(seedOf("PROTOBFF_RECURSION_SEED"));
const ALL =
  "import_extension=ts,server=true,mock=true,faults=vitest,explorer=true,plan=json+text+faults+mermaid+weight,openapi=true,dashboards=grafana+prometheus,deploy=kubernetes+docker+gateway-api";

/** A field of message `from` that holds message `to`. */
interface Edge {
  readonly from: number;
  readonly to: number;
  readonly form: (typeof FORMS)[number];
}
const FORMS = ["", "optional ", "repeated ", "map", "oneof"] as const;

interface Graph {
  readonly count: number;
  readonly edges: readonly Edge[];
  readonly redacted: boolean;
}

function randomGraph(random: () => number): Graph {
  const count = 1 + Math.floor(random() * 5);
  const node = (): number => Math.floor(random() * count);
  const edges = Array.from({ length: count + Math.floor(random() * 2 * count) }, () => ({
    from: node(),
    to: node(),
    form: pick(FORMS, random) ?? "",
  }));
  return { count, edges, redacted: random() < 0.3 };
}

function clique(count: number): Graph {
  const all = Array.from({ length: count }, (_, index) => index);
  const edges = all.flatMap((from) => all.map((to) => ({ from, to, form: FORMS[(from + to) % FORMS.length] ?? "" })));
  return { count, edges, redacted: true };
}

/** The messages of a graph; `head` begins each. */
function messagesOf({ count, edges, redacted }: Graph, prefix: string, head: (index: number) => string): string {
  return Array.from({ length: count }, (_, index) => {
    const fields = edges.flatMap(({ from, to, form }, i) => {
      if (from !== index) return [];
      const type = form === "map" ? `map<string, ${prefix}${to}>` : `${form}${prefix}${to}`;
      return form === "oneof"
        ? [`  oneof choice${i} {\n    ${prefix}${to} f${i} = ${i + 10};\n    string or${i} = ${i + 500};\n  }`]
        : [`  ${type} f${i} = ${i + 10};`];
    });
    const secret = redacted && prefix === "Node" ? ["  string secret = 2 [debug_redact = true];"] : [];
    return `message ${prefix}${index} {\n${head(index)}  string text = 1;\n${[...secret, ...fields].join("\n")}\n}`;
  }).join("\n");
}

type Options = Readonly<Record<"mask" | "selects" | "tool" | "json" | "writes" | "whole" | "computed", boolean>>;

function protosOf(graph: Graph, options: Options): Readonly<Record<string, string>> {
  const http = (rule: string): string => `option (google.api.http) = { ${rule} };`;
  const up = `syntax = "proto3";
package up.v1;
import "google/api/annotations.proto";
import "google/protobuf/field_mask.proto";
service Up {
  rpc Get(GetRequest) returns (Node0) { option idempotency_level = NO_SIDE_EFFECTS; ${http('get: "/nodes/{id}"')} }
  rpc Put(Node0) returns (Node0) { ${http('post: "/nodes" body: "*"')} }
}
message GetRequest { string id = 1; google.protobuf.FieldMask mask = 2; }
${messagesOf(graph, "Node", () => "")}
`;
  const set = `{ name: "id" by: "args.id" }${options.mask ? ', { name: "mask" fields: true }' : ""}`;
  const inner = graph.edges.findIndex(({ from, form }) => from === 0 && (form === "" || form === "optional "));
  const computed =
    options.computed && inner >= 0
      ? `  Copy${graph.edges[inner]?.to} again = 900 [(bff.v1.field).by = "source.f${inner}"];\n  repeated Copy${graph.edges[inner]?.to} all = 901 [(bff.v1.field).by = "[source.f${inner}]"];\n`
      : "";
  const web = `syntax = "proto3";
package web.v1;
import "bff/v1/degradation.proto";
import "bff/v1/options.proto";
import "google/api/annotations.proto";
import "google/protobuf/field_mask.proto";
import "up/v1/up.proto";
${options.json ? "option (bff.v1.file) = { upstream: { protocol: HTTP_JSON } };" : ""}
service Web {
  option (bff.v1.service) = { ${options.tool ? "tool: {}" : ""} };
  rpc Show(ShowRequest) returns (Page) {
    option idempotency_level = NO_SIDE_EFFECTS;
    ${options.selects ? 'option (bff.v1.method).fields = "args.fields";' : ""}
    ${http('get: "/show"')}
  }
  ${options.writes ? `rpc Save(Copy0) returns (Saved) { ${http('post: "/save" body: "*"')} }` : ""}
}
message ShowRequest { string id = 1; google.protobuf.FieldMask fields = 2; }
${
  options.writes
    ? 'message Saved {\n  option (bff.v1.message) = { let: { name: "saved" call: { method: "up.v1.Up/Put" request: "args" } } };\n  Copy0 copy = 1 [(bff.v1.field).by = "saved"];\n}'
    : ""
}
message Page {
  option (bff.v1.message) = {
    let: [
      { name: "node" supplementary: true call: { method: "up.v1.Up/Get" set: [${set}] } },
      { name: "other" supplementary: true call: { method: "up.v1.Up/Get" set: { name: "id" by: "'other'" } } }
    ]
  };
  Copy0 copy = 1 [(bff.v1.field).by = "node"];
  repeated Copy0 copies = 2 [(bff.v1.field).by = "[other]"];
  ${options.whole && !graph.redacted ? 'up.v1.Node0 whole = 3 [(bff.v1.field).by = "other"];' : ""}
  repeated bff.v1.Degradation degraded = 15;
}
${messagesOf(graph, "Copy", (index) => `  option (bff.v1.message).alias = "up.v1.Node${index}";\n${index === 0 ? computed : ""}`)}
`;
  return { "up/v1/up.proto": up, "web/v1/web.proto": web };
}

function filesOf(protos: Readonly<Record<string, string>>) {
  const request = { ...requestFor(protos, ["web/v1/web.proto"]), parameter: ALL };
  const sources = (file: string) => protos[file];
  const lock = compile(request, sources, { text: undefined, ci: false }).lock;
  return compile(request, sources, { text: lock, ci: true }, undefined, []);
}

describe("recursive messages", () => {
  const random = randomFrom(SEED);
  const chance = (): boolean => random() < 0.5;
  const cases = Array.from({ length: 12 }, (_, index) => {
    const computed = random() < 0.3;
    const options = {
      mask: chance(),
      selects: chance(),
      tool: chance(),
      json: random() < 0.2,
      // A computed field has no way back.
      writes: !computed && chance(),
      whole: chance(),
      computed,
    };
    return { index, graph: randomGraph(random), options };
  });
  test.each(cases)(`compile with all outputs: graph $index of seed ${SEED}`, ({ graph, options }) => {
    const { response, diagnostics } = filesOf(protosOf(graph, options));
    expect(diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
    expect(response.file.length).toBeGreaterThan(10);
  });

  // Walks along paths take the factorial of the count.
  test("compile if a dozen of them hold each other", () => {
    const options = { mask: true, selects: true, tool: true, json: false, writes: true, whole: false, computed: false };
    const { response } = filesOf(protosOf(clique(12), options));
    expect(response.error).toBe("");
  }, 20_000);

  test("are read by a mask up to the field that repeats", () => {
    const edges = [
      { from: 0, to: 0, form: "" },
      { from: 0, to: 1, form: "" },
      { from: 1, to: 0, form: "" },
      { from: 1, to: 1, form: "repeated " },
    ] as const;
    const options = {
      mask: true,
      selects: false,
      tool: false,
      json: false,
      writes: false,
      whole: false,
      computed: false,
    };
    const { response } = filesOf(protosOf({ count: 2, edges, redacted: false }, options));
    const code = response.file.find(({ name }) => name === "web/v1/web_bff.ts")?.content;
    expect(code).toContain('paths: ["f0", "f1.f2", "f1.f3", "f1.text", "text"]');
  });
});
