// Random cases that found faults and cannot be goldens, because they also cause a warning: the steps and fields of a
// message.
import type { Case } from "../cases.ts";
import { FOUND_ALIASES } from "./found-aliases.ts";
import { FOUND_LISTS } from "./found-lists.ts";
import { FOUND_MISSING } from "./found-missing.ts";
import { type Found, IDENTITY } from "./found-parts.ts";
import { FOUND_STEPS } from "./found-steps.ts";

const FOUND: readonly Found[] = [...FOUND_STEPS, ...FOUND_LISTS, ...FOUND_ALIASES, ...FOUND_MISSING];

const SUB = `message Sub {
  option (bff.v1.message).let = { name: "x" supplementary: true call: { method: "up.v1.ItemService/GetItem" set: { name: "id" by: "args.a" } } };
  optional string n = 1 [(bff.v1.field).by = "x.name"];
}`;

export const FOUND_CASES: readonly (Case & { readonly what: string })[] = FOUND.map((found, index) => {
  const folder = `f${index}`;
  const file = `${folder}/app.proto`;
  const text = `syntax = "proto3";
package ${folder}.app.v1;
import "bff/v1/degradation.proto";
import "bff/v1/options.proto";
import "bff/v1/stream.proto";
import "google/protobuf/wrappers.proto";
import "up/v1/up.proto";
${found.known ? `option (bff.v1.file) = { ${IDENTITY} };\nmessage Principal { string subject = 1; repeated string realms = 2; }` : ""}
service PageService {
  option (bff.v1.service) = { ${found.known ? "permit: { public: true }" : ""} ${found.service ?? ""} };
  rpc GetPage(GetPageRequest) returns (Page) { ${found.effects ? "" : "option idempotency_level = NO_SIDE_EFFECTS;"} }
  ${found.rpcs ?? ""}
  ${found.parts ? "rpc StreamPage(GetPageRequest) returns (stream Page);" : ""}
}
message GetPageRequest { string id = 1; bool flag = 2; optional string note = 4; repeated string ids = 5; up.v1.Item item = 7; map<string, string> texts = 8; }
message Page {
  option (bff.v1.message) = { let: [
    ${found.let.join(",\n    ")}
  ] };
  ${found.fields.join("\n  ")}
  ${found.parts ? "repeated bff.v1.Part parts = 98;" : ""}
  repeated bff.v1.Degradation degraded = 99;
}
message Copy { option (bff.v1.message).alias = "up.v1.Item"; string id = 1; }
${[found.service ?? "", ...found.let].some((text) => text.includes('message: "Sub"')) ? (found.sub ?? SUB) : ""}
${found.messages ?? ""}
`;
  const protos = { [file]: text };
  return { what: found.what, index, base: { name: "found", protos }, folder, file, mutations: [], protos };
});
