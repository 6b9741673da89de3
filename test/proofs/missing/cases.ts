// Random BFFs of the proof, each made from a seed and a number alone.

import { seeded } from "../../bffs/second/random-message.ts";
import type { Case } from "../fuzz/cases.ts";
import { IDENTITY } from "../fuzz/found/found-parts.ts";
import { addBorder, BORDERS, type Border, Draft, type Field, type Unsafe } from "./borders.ts";
import { SOURCES, type World } from "./values.ts";

export interface MissingCase extends Case {
  readonly borders: ReadonlySet<Border>;
  readonly fields: readonly Field[];
  readonly unsafe: Unsafe | undefined;
  readonly identity: boolean;
  readonly parts: boolean;
  readonly limited: boolean | undefined;
  /** Names of the writes that a request must make, in a world. */
  readonly calls: (world: World) => readonly string[];
}

export function missingCase(seed: number, index: number): MissingCase {
  const random = seeded("missing", seed, index);
  const draft = new Draft(
    random,
    SOURCES[index % 3 === 0 ? Math.floor(random() * SOURCES.length) : 0] ?? neverSource(),
  );
  const first = BORDERS[index % BORDERS.length] ?? "list";
  draft.parts = first === "part";
  addBorder(draft, first);
  for (let more = Math.floor(random() * 4); more > 0; more--) {
    const border = draft.pick(BORDERS);
    // Parts belong to all steps of a case, and have no writes.
    // A resolver may refuse the whole response, so that no deferred step composes one.
    if (border !== "part" && !(draft.parts && border === "resolver")) addBorder(draft, border);
  }
  // Without presence a field always has a value: over one that may be missing it is a mistake.
  const plain = draft.fields.find(({ type, failable }) => failable && type.startsWith("optional "));
  const required = draft.unsafe === undefined && plain !== undefined && random() < 0.1;
  const fields = draft.fields.map((field) =>
    required && field === plain ? { ...field, type: field.type.replace("optional ", "") } : field,
  );
  const unsafe = required ? { codes: ["required"] } : draft.unsafe;
  const folder = `f${index}`;
  const file = `${folder}/app.proto`;
  const protos = { [file]: fileOf(folder, draft, fields) };
  return {
    index,
    base: { name: "missing", protos },
    folder,
    file,
    mutations: [],
    protos,
    borders: draft.used,
    fields,
    unsafe,
    identity: draft.identity,
    parts: draft.parts,
    limited: draft.limited,
    calls: (world) => draft.calls.flatMap((of) => of(world)),
  };
}
function neverSource(): never {
  throw new Error("the proof has no sources");
}

function fileOf(folder: string, draft: Draft, fields: readonly Field[]): string {
  const rules = [draft.identity ? IDENTITY : "", ...new Set(draft.functions)].join(" ");
  const safe = draft.writes ? "" : "option idempotency_level = NO_SIDE_EFFECTS;";
  const method = draft.methodOption === "" ? "" : `option (bff.v1.method) = { ${draft.methodOption} };`;
  return `syntax = "proto3";
package ${folder}.app.v1;
import "bff/v1/degradation.proto";
import "bff/v1/options.proto";
import "bff/v1/stream.proto";
import "up/v1/up.proto";
${rules.trim() === "" ? "" : `option (bff.v1.file) = { ${rules} };`}
${draft.identity ? "message Principal { string subject = 1; repeated string realms = 2; }" : ""}
service PageService {
  option (bff.v1.service) = { ${draft.identity ? "permit: { public: true }" : ""} };
  rpc GetPage(GetPageRequest) returns (Page) { ${safe} ${method} }
  ${draft.parts ? "rpc StreamPage(GetPageRequest) returns (stream Page);" : ""}
}
message GetPageRequest { repeated string ids = 1; bool flag = 2; }
message Page {
  option (bff.v1.message) = { let: [
    ${draft.steps.join(",\n    ")}
  ] };
  ${fields.map(({ type, option }, i) => `${type} f${i + 1} = ${i + 1} [(bff.v1.field) = { ${option} }];`).join("\n  ")}
  ${draft.parts ? "repeated bff.v1.Part parts = 98;" : ""}
  repeated bff.v1.Degradation degraded = 99;
}
message Line {
  option (bff.v1.message) = { let: ${draft.source.step} };
  string id = 1 [(bff.v1.field).by = "args.id"];
  optional int64 cents = 2 [(bff.v1.field).by = "item.price_cents"];
  repeated string tags = 3 [(bff.v1.field).by = "item.tags"];
  map<string, string> attributes = 4 [(bff.v1.field).by = "item.attributes"];
  optional string name = 5 [(bff.v1.field).by = "item.name"];
  Dim size = 6 [(bff.v1.field).by = "item.size"];
}
message Dim { option (bff.v1.message).alias = "up.v1.Size"; int32 width = 1; }
${draft.messages.join("\n")}
`;
}
