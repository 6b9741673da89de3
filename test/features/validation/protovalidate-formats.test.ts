// What each format of buf.validate says of an empty value and of a wrong one, held against @bufbuild/protovalidate.
import { rmSync } from "node:fs";
import { create, ScalarType } from "@bufbuild/protobuf";
import { BytesRulesSchema, StringRulesSchema } from "@protobff/messages/buf/validate/validate_pb.js";
import { expect, test } from "vitest";
import { generate, ours, theirs } from "./compare.ts";

const FORMATS = [StringRulesSchema, BytesRulesSchema].flatMap(({ name, oneofs }) => {
  const type = name === "StringRules" ? "string" : "bytes";
  return oneofs
    .flatMap(({ fields }) => fields)
    .map((field) => ({
      type,
      rule: `${type}.${field.name} = ${field.scalar === ScalarType.BOOL ? true : "KNOWN_REGEX_HTTP_HEADER_NAME"}`,
    }));
});
FORMATS.push({ type: "string", rule: "string.well_known_regex = KNOWN_REGEX_HTTP_HEADER_VALUE" });

const rows = FORMATS.map(({ type, rule }, i) => `  ${type} f${i} = ${i + 1} [(buf.validate.field).${rule}];`);
const PROTO = `syntax = "proto3";
package val.v1;
import "bff/v1/options.proto";
import "buf/validate/validate.proto";
service ValService {
  option (bff.v1.service) = {};
  rpc Get(Request) returns (Answer);
}
message Answer {
  option (bff.v1.message) = {};
  string note = 1 [(bff.v1.field).by = "'fine'"];
}
message Request {
${rows.join("\n")}
}
`;

test("each format treats an empty value and a wrong one like protovalidate", async () => {
  const generated = await generate({ "val/v1/val.proto": PROTO }, "formats");
  try {
    const { desc } = generated;
    const values = [{}, Object.fromEntries(desc.fields.map((field) => [field.localName, wrong(field.scalar)]))];
    for (const value of values) {
      const message = create(desc, value);
      expect(normalize(ours(generated, message))).toEqual(normalize(theirs(generated, message)));
    }
  } finally {
    rmSync(generated.folder, { recursive: true, force: true });
  }
});

const wrong = (scalar: ScalarType | undefined) =>
  scalar === ScalarType.BYTES ? new Uint8Array([1, 2, 3]) : "\u0000 \u0001";
const normalize = (outcome: readonly string[] | "error") => (outcome === "error" ? outcome : outcome.toSorted());
