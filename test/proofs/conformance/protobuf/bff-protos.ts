// BFFs over the messages of the suite: in requests, in answers of gRPC, in answers of HTTP with JSON.
import {
  create,
  createFileRegistry,
  type DescField,
  type DescMessage,
  type FileRegistry,
  ScalarType,
} from "@bufbuild/protobuf";
import { FileDescriptorSetSchema, FeatureSet_FieldPresence as Presence } from "@bufbuild/protobuf/wkt";
import { build } from "../../../support/protos.ts";
import { suiteProtos } from "./tools.ts";

/** Types of the suite, with the file that declares them. */
export const TYPES: Readonly<Record<string, string>> = {
  "protobuf_test_messages.proto3.TestAllTypesProto3": "test_messages_proto3",
  "protobuf_test_messages.proto2.TestAllTypesProto2": "test_messages_proto2",
  "protobuf_test_messages.editions.proto3.TestAllTypesProto3": "test_messages_proto3_editions",
  "protobuf_test_messages.editions.proto2.TestAllTypesProto2": "test_messages_proto2_editions",
  "protobuf_test_messages.editions.TestAllTypesEdition2023": "test_messages_edition2023",
  "plain.v1.TestAllTypesProto3": "plain",
};
/** The suite's type of proto3 without fields of the type Struct, which generated code does not read or write. */
export const PLAIN = "plain.v1.TestAllTypesProto3";
/** Number of a type, which names its rpcs. */
export const numberOf = (type: string): number => Object.keys(TYPES).indexOf(type);

/** Types that are also copied, spread and read field by field. */
export const isCopied = (n: number): boolean => n >= 0 && n !== numberOf(PLAIN);

function registryOf(suite: Readonly<Record<string, string>>): FileRegistry {
  return createFileRegistry(create(FileDescriptorSetSchema, { file: [...build(suite)] }));
}

/** Prints the fields of a message in the notation of edition 2023. */
function fieldsOf(
  { members }: DescMessage,
  typeOf: (desc: DescMessage) => string,
  optionOf: (field: DescField) => string = () => "",
): string {
  const field = (of: DescField): string => {
    const options = [optionOf(of), ...featuresOf(of), `json_name = "${of.jsonName}"`].filter((text) => text !== "");
    return `${typeText(of, typeOf)} ${of.name} = ${of.number} [${options.join(", ")}];`;
  };
  return members
    .map((member) =>
      member.kind === "oneof" ? `oneof ${member.name} { ${member.fields.map(field).join("\n")} }` : field(member),
    )
    .join("\n");
}
function typeText(field: DescField, typeOf: (desc: DescMessage) => string): string {
  const { message, enum: values, scalar } = field;
  const name = message ? typeOf(message) : values ? `.${values.typeName}` : scalarName(scalar);
  if (field.fieldKind === "map") return `map<${scalarName(field.mapKey)}, ${name}>`;
  return field.fieldKind === "list" ? `repeated ${name}` : name;
}
const scalarName = (scalar: ScalarType | undefined): string => ScalarType[scalar ?? 0]?.toLowerCase() ?? "";

function featuresOf(field: DescField): string[] {
  const { scalar, presence } = field;
  const isSingular = field.fieldKind === "scalar" || field.fieldKind === "enum";
  const isText = scalar === ScalarType.STRING || (field.fieldKind === "map" && field.mapKey === ScalarType.STRING);
  const isPackable =
    field.fieldKind === "list" &&
    field.listKind !== "message" &&
    scalar !== ScalarType.STRING &&
    scalar !== ScalarType.BYTES;
  const found = [
    isSingular && presence === Presence.IMPLICIT && "field_presence = IMPLICIT",
    isPackable && !field.packed && "repeated_field_encoding = EXPANDED",
    isText && !field.utf8Validation && "utf8_validation = NONE",
    "delimitedEncoding" in field && field.delimitedEncoding === true && "message_encoding = DELIMITED",
  ];
  return found.filter((feature) => feature !== false).map((feature) => `features.${feature}`);
}

/** Returns the messages of the suite in a type, without those that are nothing but extensions. */
function messagesIn(root: DescMessage): ReadonlySet<DescMessage> {
  const found = new Set([root]);
  for (const { fields } of found)
    for (const { message } of fields)
      if (message?.file === root.file && message.proto.extensionRange.length === 0) found.add(message);
  return found;
}

/** Returns the proto of copies: the suite's messages with an alias each, with the suite's enums, and answers by field. */
function copies(registry: FileRegistry): string {
  const types = Object.keys(TYPES).flatMap((type, n) => {
    const root = registry.getMessage(type);
    if (root === undefined || !isCopied(n)) return [];
    const copied = messagesIn(root);
    const original = (desc: DescMessage): string => `.${desc.typeName}`;
    const nameOf = (desc: DescMessage): string =>
      desc === root
        ? `Copy${n}`
        : `Copy${n}${desc.typeName.slice(root.file.proto.package.length).replaceAll(".", "_")}`;
    const typeOf = (desc: DescMessage): string => (copied.has(desc) ? nameOf(desc) : original(desc));
    const messages = [...copied].map(
      (desc) => `message ${nameOf(desc)} {
option (bff.v1.message).alias = "${desc.typeName}";
${fieldsOf(desc, typeOf)}
}`,
    );
    const answer = `message FieldsAnswer${n} {
option (bff.v1.message) = { let: { name: "x" ${answered(n)} } };
${fieldsOf(root, original, readBy)}
}`;
    return [...messages, answer];
  });
  return `edition = "2023";
package conf.v1;
import "bff/v1/options.proto";
import "up/v1/up.proto";
${imports}
${["any", "duration", "field_mask", "struct", "timestamp", "wrappers"].map((name) => `import "google/protobuf/${name}.proto";`).join("\n")}
${types.join("\n")}
`;
}
/** A field without a value stays unset. */
const readBy = ({ name, presence, fieldKind, oneof }: DescField): string =>
  `(bff.v1.field).by = "x.${presence === Presence.EXPLICIT && fieldKind !== "message" && oneof === undefined ? "?" : ""}${name}"`;
const answered = (n: number): string =>
  `call: { method: "up.v1.WireService/Answer${n}" set: { name: "payload" by: "args.payload" } }`;

/** Returns the proto of the types without Struct. */
const plain = (text: string): string =>
  text
    .replace("package protobuf_test_messages.proto3;", "package plain.v1;")
    .replaceAll(/^.*google\.protobuf\.Struct .*\n/gm, "")
    .replaceAll(/^option (?:java|objc|csharp).*\n/gm, "");

const imports = Object.values(TYPES)
  .map((file) => `import "suite/${file}.proto";`)
  .join("\n");
const each = (text: (type: string, n: number) => string): string => Object.keys(TYPES).map(text).join("\n");
const eachCopied = (text: (type: string, n: number) => string): string =>
  each((type, n) => (isCopied(n) ? text(type, n) : ""));
const READS = "option idempotency_level = NO_SIDE_EFFECTS;";

const upstream = `syntax = "proto3";
package up.v1;
import "google/api/annotations.proto";
${imports}
message Raw { bytes payload = 1; }
service WireService {
${each(
  (type, n) => `  rpc Echo${n}(.${type}) returns (.${type}) { ${READS} }
  rpc Answer${n}(Raw) returns (.${type}) { ${READS} }`,
)}
}
service JsonService {
${eachCopied(
  (type, n) =>
    `  rpc Echo${n}(.${type}) returns (Raw) { option (google.api.http) = { post: "/echo/${n}" body: "*" }; }`,
)}
${each(
  (type, n) => `  rpc Answer${n}(Raw) returns (.${type}) {
    ${READS}
    option (google.api.http) = { post: "/answer/${n}" body: "*" };
  }`,
)}
}
`;

const bff = `syntax = "proto3";
package conf.v1;
import "bff/v1/options.proto";
import "google/api/annotations.proto";
import "conf/v1/copy.proto";
import "up/v1/up.proto";
${imports}
option (bff.v1.file) = {
  upstream: { service: "up.v1.JsonService" protocol: HTTP_JSON }
  upstream: { forward: "x-case" breaker: { off: true } }
};
service ConfService {
  option (bff.v1.service) = {};
${eachCopied(
  (type, n) => `  rpc Copied${n}(Copy${n}) returns (CopiedEcho${n}) { ${READS} }
  rpc Spread${n}(Copy${n}) returns (SpreadEcho${n}) { ${READS} }
  rpc Body${n}(.${type}) returns (BodyEcho${n});
  rpc CopiedWire${n}(Asked) returns (CopiedAnswer${n}) { ${READS} }
  rpc FieldsWire${n}(Asked) returns (FieldsAnswer${n}) { ${READS} }`,
)}
${each(
  (type, n) => `  rpc Through${n}(.${type}) returns (Echo${n}) {
    ${READS}
    option (google.api.http) = { post: "/through/${n}" body: "*" };
  }
  rpc Wire${n}(Asked) returns (Wire${n}Answer) { ${READS} }
  rpc Json${n}(Asked) returns (Json${n}Answer) { ${READS} }`,
)}
}
message Asked { bytes payload = 1; }
${eachCopied(
  (_, n) => `message CopiedEcho${n} {
  option (bff.v1.message) = { let: { name: "x" call: { method: "up.v1.WireService/Echo${n}" request: "args" } } };
  Copy${n} all = 1 [(bff.v1.field).by = "x"];
}
message SpreadEcho${n} {
  option (bff.v1.message) = { let: { name: "x" call: { method: "up.v1.WireService/Echo${n}" set: { spread: "args" } } } };
  Copy${n} all = 1 [(bff.v1.field).by = "x"];
}
message BodyEcho${n} {
  option (bff.v1.message) = { let: { name: "x" call: { method: "up.v1.JsonService/Echo${n}" request: "args" } } };
  bytes all = 1 [(bff.v1.field).by = "x.payload"];
}
message CopiedAnswer${n} {
  option (bff.v1.message) = { let: { name: "x" ${answered(n)} } };
  Copy${n} all = 1 [(bff.v1.field).by = "x"];
}`,
)}
${each(
  (type, n) => `message Echo${n} {
  option (bff.v1.message) = { let: { name: "x" call: { method: "up.v1.WireService/Echo${n}" request: "args" } } };
  .${type} all = 1 [(bff.v1.field).by = "x"];
}
message Wire${n}Answer {
  option (bff.v1.message) = { let: { name: "x" ${answered(n)} } };
  .${type} all = 1 [(bff.v1.field).by = "x"];
}
message Json${n}Answer {
  option (bff.v1.message) = {
    let: { name: "x" call: { method: "up.v1.JsonService/Answer${n}" set: { name: "payload" by: "args.payload" } } }
  };
  .${type} all = 1 [(bff.v1.field).by = "x"];
}`,
)}
`;

export function BFF_PROTOS(): Readonly<Record<string, string>> {
  const suite = suiteProtos();
  return {
    ...suite,
    "suite/plain.proto": plain(suite["suite/test_messages_proto3.proto"] ?? ""),
    "up/v1/up.proto": upstream,
    "conf/v1/copy.proto": copies(registryOf(suite)),
    "conf/v1/conf.proto": bff,
  };
}
