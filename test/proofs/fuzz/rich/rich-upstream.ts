// A random upstream of one case: proto3, proto2 or an edition, well-known types, google.api.http, called by gRPC, Connect or HTTP with JSON.
import type { Expressions } from "./rich-expressions.ts";
import type { Type } from "./rich-types.ts";

const SYNTAXES = ["proto3", "proto2", "2023"] as const;
type Syntax = (typeof SYNTAXES)[number];

/** A field of the upstream's message: its name, its type in proto, its type in expressions. */
interface Field {
  readonly name: string;
  readonly proto: string;
  readonly type: Type;
  /** Unset by default, whatever the syntax. */
  readonly many?: true;
}
const FIELDS: readonly Field[] = [
  { name: "title", proto: "string", type: "string" },
  { name: "pages", proto: "int64", type: "int" },
  { name: "short", proto: "sint32", type: "int" },
  { name: "open", proto: "bool", type: "bool" },
  { name: "views", proto: "fixed32", type: "uint" },
  { name: "rate", proto: "double", type: "double" },
  { name: "digest", proto: "bytes", type: "bytes" },
  { name: "at", proto: "google.protobuf.Timestamp", type: "Time" },
  { name: "wait", proto: "google.protobuf.Duration", type: "Span" },
  { name: "label", proto: "google.protobuf.StringValue", type: "Label" },
  { name: "item", proto: "up.v1.Item", type: "Item" },
  { name: "words", proto: "repeated string", type: "strings", many: true },
  { name: "texts", proto: "map<string, string>", type: "Texts", many: true },
  { name: "sizes", proto: "map<string, up.v1.Size>", type: "SizeMap", many: true },
  { name: "items", proto: "repeated up.v1.Item", type: "Items", many: true },
  { name: "json", proto: "google.protobuf.Value", type: "Json" },
  { name: "bag", proto: "google.protobuf.Struct", type: "Bag" },
  { name: "list", proto: "google.protobuf.ListValue", type: "List" },
  { name: "any", proto: "google.protobuf.Any", type: "Any" },
];

export interface Upstream {
  /** Text of the upstream in the case's folder. */
  readonly text: string;
  /** In the option of the BFF's file. */
  readonly entry: string;
  /** A call, as the source of a step. */
  readonly call: (e: Expressions) => string;
  /** Readable members of the answer. */
  readonly members: readonly (readonly [Type, string])[];
  /** A copy of the answer's message, for the BFF's file. */
  readonly copy: string;
}

export function upstreamOf(e: Expressions, folder: string): Upstream {
  const syntax = e.pick(SYNTAXES);
  const http = e.chance(0.5);
  const fields = FIELDS.filter(() => e.chance(0.5));
  const declared = fields.map((field, i) => fieldOf(e, syntax, field, i + 2));
  const member = e.chance(0.4) ? "oneof way { string post = 90; up.v1.Size box = 91; }" : "";
  const path = e.pick(["/v1/things/{id}", "/v1/{id=things/*}", "/v1/{id=things/**}:read"]);
  const rule = e.pick([`get: "${path}"`, `post: "${path}" body: "*"`, `put: "${path}" body: "item"`]);
  const whole = e.chance(0.3) && fields.some(({ name }) => name === "item") ? ' response_body: "item"' : "";
  const note = http ? `option (google.api.http) = { ${rule}${whole} };` : "";
  const text = `${syntax === "2023" ? 'edition = "2023"' : `syntax = "${syntax}"`};
package ${folder}.own.v1;
import "google/api/annotations.proto";
import "google/protobuf/any.proto";
import "google/protobuf/duration.proto";
import "google/protobuf/struct.proto";
import "google/protobuf/timestamp.proto";
import "google/protobuf/wrappers.proto";
import "up/v1/up.proto";
service ThingService {
  rpc GetThing(GetThingRequest) returns (Thing) { option idempotency_level = NO_SIDE_EFFECTS; ${note} }
}
message GetThingRequest {
  ${fieldOf(e, syntax, { name: "id", proto: "string", type: "string" }, 1)}
  ${REQUEST_FIELDS.map(({ name, proto, type }, i) => fieldOf(e, syntax, { name, proto, type }, i + 2).replace(/required|LEGACY_REQUIRED/, (word) => (word === "required" ? "optional" : "EXPLICIT"))).join("\n  ")}
}
message Thing {
  ${fieldOf(e, syntax, { name: "id", proto: "string", type: "string" }, 1)}
  ${[...declared, member].join("\n  ")}
}
`;
  const protocol = http ? "HTTP_JSON" : e.pick(["CONNECT", "GRPC"]);
  const members = fields.map(({ type, name }) => [type, name] as const);
  return {
    text,
    entry: `{ service: "${folder}.own.v1.ThingService" protocol: ${protocol} }`,
    call: (of) => callOf(of, folder, note),
    members: [["string", "id"], ...members, ...(member === "" ? [] : ([["string", "post"]] as const))],
    copy: copyOf(e, folder, fields, member !== ""),
  };
}

function fieldOf(e: Expressions, syntax: Syntax, { name, proto, many }: Field, number: number): string {
  const plain = `${proto} ${name} = ${number}`;
  if (many) return `${plain};`;
  const message = proto.includes(".");
  if (syntax === "proto3") return `${!message && e.chance(0.3) ? "optional " : ""}${plain};`;
  if (syntax === "proto2") return `${e.chance(0.2) ? "required" : "optional"} ${plain};`;
  const presence = e.pick(message ? ["LEGACY_REQUIRED", ""] : ["LEGACY_REQUIRED", "IMPLICIT", ""]);
  return presence === "" ? `${plain};` : `${plain} [features.field_presence = ${presence}];`;
}

/** Optional fields of the request, and types of values that fit them. */
const REQUEST_FIELDS = [
  { name: "item", proto: "up.v1.Item", type: "Item", fits: ["Item"] },
  { name: "limit", proto: "int64", type: "int", fits: ["int"] },
  {
    name: "json",
    proto: "google.protobuf.Value",
    type: "Json",
    fits: ["string", "bool", "strings", "Texts", "double"],
  },
  { name: "any", proto: "google.protobuf.Any", type: "Any", fits: ["Item", "Time"] },
  { name: "bag", proto: "google.protobuf.Struct", type: "Bag", fits: ["Texts"] },
  { name: "list", proto: "google.protobuf.ListValue", type: "List", fits: ["strings"] },
] as const satisfies readonly (Field & { readonly fits: readonly Type[] })[];

function callOf(e: Expressions, folder: string, http: string): string {
  const binds = REQUEST_FIELDS.flatMap(({ name, fits }) => {
    const carried = http === "" || http.includes('body: "*"') || name === "limit" || http.includes(`body: "${name}"`);
    return carried && e.chance(0.3) ? [`{ name: "${name}" ${e.binding(e.pick(fits), 0.3)} }`] : [];
  });
  const set = [`{ name: "id" by: "'things/' + ${e.of("string", 1)}" }`, ...binds];
  return `call: { method: "${folder}.own.v1.ThingService/GetThing" set: [${set.join(", ")}] }`;
}

/** Types of copied fields in the BFF's own file, by their types in expressions. */
const COPIED: Readonly<Partial<Record<Type, string>>> = {
  Item: "ItemCopy",
  Items: "repeated ItemCopy",
  SizeMap: "map<string, SizeCopy>",
};
function copyOf(e: Expressions, folder: string, fields: readonly Field[], member: boolean): string {
  const copied = fields.flatMap(({ name, proto, type, many }, i) => {
    if (e.chance(0.3)) return [];
    const presence = many || proto.includes(".") ? "" : e.pick(["optional ", ""]);
    return [`${presence}${COPIED[type] ?? proto} ${name} = ${i + 2};`];
  });
  const way = member && e.chance(0.5) ? "oneof way { string post = 90; SizeCopy box = 91; }" : "";
  return `message ThingCopy { option (bff.v1.message).alias = "${folder}.own.v1.Thing"; string id = 1; ${copied.join(" ")} ${way} }`;
}
