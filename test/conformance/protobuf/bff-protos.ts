// BFFs over the messages of the suite: in requests, in answers of gRPC, in answers of HTTP with JSON.
import { suiteProtos } from "./tools.ts";

/** Types of the suite, with the file that declares them. */
export const TYPES: Readonly<Record<string, string>> = {
  "protobuf_test_messages.proto3.TestAllTypesProto3": "test_messages_proto3",
  "protobuf_test_messages.proto2.TestAllTypesProto2": "test_messages_proto2",
  "protobuf_test_messages.editions.proto3.TestAllTypesProto3": "test_messages_proto3_editions",
  "protobuf_test_messages.editions.proto2.TestAllTypesProto2": "test_messages_proto2_editions",
  "protobuf_test_messages.editions.TestAllTypesEdition2023": "test_messages_edition2023",
};
/** Number of a type, which names its rpcs. */
export const numberOf = (type: string): number => Object.keys(TYPES).indexOf(type);

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

export const BFF_PROTOS = (): Readonly<Record<string, string>> => ({
  ...suiteProtos(),
  "up/v1/up.proto": upstream,
  "conf/v1/conf.proto": bff,
});
