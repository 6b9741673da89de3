// BFFs over the messages of the suite: in requests, in answers of gRPC, in answers of HTTP with JSON.
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

/** The type that is also copied, spread and read field by field, with its package. */
const PACKAGE = "protobuf_test_messages.proto3";
const COPIED = "TestAllTypesProto3";

/** Replaces the enums and messages of a file's text by those of the suite. */
const qualified = (text: string, types: string): string =>
  text
    .replaceAll(new RegExp(`(?<![.\\w])(Nested|Aliased)(${types})\\b(?! \\{)`, "g"), `.${PACKAGE}.${COPIED}.$&`)
    .replaceAll(new RegExp(`(?<![.\\w])Foreign(${types})\\b(?! \\{)`, "g"), `.${PACKAGE}.$&`);
const withoutEnums = (text: string): string => text.replaceAll(/^( *)enum \w+ \{[\s\S]*?^\1\}$/gm, "");
const importsIn = (text: string): string => [...text.matchAll(/^import .*;$/gm)].join("\n");

/** Returns the proto of copies: the suite's messages with an alias each, and with the suite's enums. */
function copies(text: string): string {
  const path: string[] = [];
  const lines = withoutEnums(text.slice(text.indexOf(`message ${COPIED} {`), text.indexOf("message NullHypothesis")))
    .split("\n")
    .map((line) => {
      const [, kind, name = ""] = /^\s*(message|oneof)\s+(\w+)\s*\{/.exec(line) ?? [];
      if (kind !== undefined) path.push(name);
      if (line.trim() === "}") path.pop();
      return kind === "message" ? `${line} option (bff.v1.message).alias = "${PACKAGE}.${path.join(".")}";` : line;
    });
  return `syntax = "proto3";
package conf.v1;
import "bff/v1/options.proto";
import "suite/test_messages_proto3.proto";
${importsIn(text)}
${qualified(lines.join("\n"), "Enum")}`;
}

/** Returns the proto of the types without Struct. */
const plain = (text: string): string =>
  text
    .replace(`package ${PACKAGE};`, "package plain.v1;")
    .replaceAll(/^.*google\.protobuf\.Struct .*\n/gm, "")
    .replaceAll(/^option (?:java|objc|csharp).*\n/gm, "");

/** Returns the fields of the type, each read from the step `x`. */
function fields(text: string): string {
  const start = text.indexOf(`message ${COPIED} {`);
  const lines = withoutEnums(text.slice(start, text.indexOf("\n}", start)))
    .replace(/^ {2}message [\s\S]*?^ {2}\}$/gm, "")
    .replaceAll(/^\s*reserved .*;$/gm, "");
  return qualified(lines.slice(lines.indexOf("\n")), "Enum|Message").replaceAll(
    /(\b\w+) = (\d+)(?: \[(?:(packed = \w+)|.*)\])?;/g,
    (_, name, n, packed) =>
      `${name} = ${n} [(bff.v1.field).by = "x.${name}"${packed === undefined ? "" : `, ${packed}`}];`,
  );
}

const imports = Object.values(TYPES)
  .map((file) => `import "suite/${file}.proto";`)
  .join("\n");
const each = (text: (type: string, n: number) => string): string => Object.keys(TYPES).map(text).join("\n");
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
  rpc Echo(.${PACKAGE}.${COPIED}) returns (Raw) { option (google.api.http) = { post: "/echo" body: "*" }; }
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
import "up/v1/up.proto";
${imports}
option (bff.v1.file) = {
  upstream: { service: "up.v1.JsonService" protocol: HTTP_JSON }
  upstream: { forward: "x-case" breaker: { off: true } }
};
service ConfService {
  option (bff.v1.service) = {};
  rpc Copied(${COPIED}) returns (CopiedEcho) { ${READS} }
  rpc Spread(${COPIED}) returns (SpreadEcho) { ${READS} }
  rpc Body(.${PACKAGE}.${COPIED}) returns (BodyEcho);
  rpc CopiedWire(Asked) returns (CopiedAnswer) { ${READS} }
  rpc FieldsWire(Asked) returns (FieldsAnswer) { ${READS} }
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
message CopiedEcho {
  option (bff.v1.message) = { let: { name: "x" call: { method: "up.v1.WireService/Echo0" request: "args" } } };
  ${COPIED} all = 1 [(bff.v1.field).by = "x"];
}
message SpreadEcho {
  option (bff.v1.message) = { let: { name: "x" call: { method: "up.v1.WireService/Echo0" set: { spread: "args" } } } };
  ${COPIED} all = 1 [(bff.v1.field).by = "x"];
}
message BodyEcho {
  option (bff.v1.message) = { let: { name: "x" call: { method: "up.v1.JsonService/Echo" request: "args" } } };
  bytes all = 1 [(bff.v1.field).by = "x.payload"];
}
message CopiedAnswer {
  option (bff.v1.message) = {
    let: { name: "x" call: { method: "up.v1.WireService/Answer0" set: { name: "payload" by: "args.payload" } } }
  };
  ${COPIED} all = 1 [(bff.v1.field).by = "x"];
}
${each(
  (type, n) => `message Echo${n} {
  option (bff.v1.message) = { let: { name: "x" call: { method: "up.v1.WireService/Echo${n}" request: "args" } } };
  .${type} all = 1 [(bff.v1.field).by = "x"];
}
message Wire${n}Answer {
  option (bff.v1.message) = {
    let: { name: "x" call: { method: "up.v1.WireService/Answer${n}" set: { name: "payload" by: "args.payload" } } }
  };
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
  const text = suite["suite/test_messages_proto3.proto"] ?? "";
  const fieldsAnswer = `message FieldsAnswer {
  option (bff.v1.message) = {
    let: { name: "x" call: { method: "up.v1.WireService/Answer0" set: { name: "payload" by: "args.payload" } } }
  };
${fields(text)}
}
`;
  return {
    ...suite,
    "suite/plain.proto": plain(text),
    "up/v1/up.proto": upstream,
    "conf/v1/copy.proto": copies(text),
    "conf/v1/conf.proto":
      bff.replace(IMPORTED, `${IMPORTED}import "conf/v1/copy.proto";\n${importsIn(text)}\n`) + fieldsAnswer,
  };
}
const IMPORTED = `import "up/v1/up.proto";\n`;
