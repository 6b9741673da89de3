// Messages with thousands of fields generate code that the strict compiler takes.
import { expect, onTestFinished, test } from "vitest";
import { GeneratedProject } from "./support/generated-project.ts";

const WIDE = 2_000;
const times = (count: number, line: (i: number) => string): string =>
  Array.from({ length: count }, (_, i) => line(i)).join("\n  ");

/** A BFF of one rpc over an upstream of one method, with these declarations in both. */
function project(name: string, up: string, bff: string): GeneratedProject {
  const upstream = `syntax = "proto3";
package up.v1;
service Up {
  rpc Get(Req) returns (Res) { option idempotency_level = NO_SIDE_EFFECTS; }
}
${up}`;
  const app = `syntax = "proto3";
package app.v1;
import "bff/v1/options.proto";
import "up/v1/up.proto";
service App {
  option (bff.v1.service) = {};
  rpc Get(In) returns (Out) { option idempotency_level = NO_SIDE_EFFECTS; }
}
${bff}`;
  const made = new GeneratedProject(name, { "app/v1/app.proto": app }, { "up/v1/up.proto": upstream });
  onTestFinished(() => made.remove());
  made.generate();
  return made;
}
const get = (set: string): string => `let: { name: "x" autobind: true call: { method: "up.v1.Up/Get" set: ${set} } }`;

const KINDS = [
  "int32",
  "string",
  "repeated string",
  "repeated int32",
  "map<string, int64>",
  "optional bool",
  "bytes",
  "Part",
  "double",
];

test("messages of thousands of fields, of all kinds, with rules", () => {
  const fields = times(WIDE, (i) => `${KINDS[i % KINDS.length]} f${i} = ${i + 1};`);
  const made = project(
    "wide-fields",
    `message Req { ${fields} } message Res { ${fields} } message Part { string a = 1; }`,
    `import "buf/validate/validate.proto";
message In {
  ${times(WIDE, (i) => `string f${i} = ${i + 1} [(buf.validate.field).string = { min_len: 3 pattern: "^a" }];`)} }
message Part { option (bff.v1.message).alias = "up.v1.Part"; string a = 1; }
message Out { option (bff.v1.message) = { ${get('{ name: "f1" by: "args.f0" }')} };
  ${fields} }`,
  );
  expect(made.typeChecked()).toBe("");
});
