// Messages with thousands of fields, and oneofs with hundreds of members, generate code that the strict compiler takes.
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { GeneratedProject } from "../../support/generated-project.ts";

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

test("messages with thousands of fields, of all kinds and with rules, compile", () => {
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
}, 300_000);

const MEMBERS = 200;
test("oneofs with hundreds of messages are copied, merged from two oneofs, and composed", async () => {
  const members = (from: number, to: number): string =>
    times(to - from, (i) => `M${from + i} m${from + i} = ${from + i + 1};`);
  const made = project(
    "wide-oneofs",
    `message Req { string id = 1; } message Res { Wide wide = 1; Apart apart = 2; int32 n = 3; M0 first = 4; }
message Wide { oneof kind { ${members(0, MEMBERS)} } }
message Apart { oneof kind { ${members(0, 15)} } M15 m15 = 16; oneof other { ${members(16, 30)} } }
${times(MEMBERS, (i) => `message M${i} { string a${i} = 1; string private = 2; }`)}`,
    `message In { string id = 1; }
message Out { option (bff.v1.message) = { ${get('{ name: "id" by: "args.id" }')} };
  Wide wide = 1; Apart apart = 2;
  oneof composed { ${times(30, (i) => `M0 c${i} = ${i + 3} [(bff.v1.field) = { if: "x.n == ${i}" by: "x.first" }];`)} } }
message Wide { option (bff.v1.message).alias = "up.v1.Wide"; oneof kind { ${members(0, MEMBERS)} } }
message Apart { option (bff.v1.message).alias = "up.v1.Apart"; oneof kind { ${members(0, 30)} } }
${times(MEMBERS, (i) => `message M${i} { option (bff.v1.message).alias = "up.v1.M${i}"; string a${i} = 1; }`)}`,
  );
  expect(made.typeChecked()).toBe("");
  const { toWide, toApart } = await import(join(made.folder, "app/v1/app_bff.ts"));
  const value = (i: number) => ({ $typeName: `up.v1.M${i}`, [`a${i}`]: "x", private: "y" });
  const copy = (i: number) => ({ $typeName: `app.v1.M${i}`, [`a${i}`]: "x" });
  const unset = { case: undefined };
  for (const i of [0, 100, 199])
    expect(toWide({ kind: { case: `m${i}`, value: value(i) } }).kind).toEqual({ case: `m${i}`, value: copy(i) });
  expect(toWide({ kind: unset }).kind).toEqual(unset);
  expect(toApart({ kind: unset, m15: value(15), other: { case: "m20", value: value(20) } }).kind.case).toBe("m15");
  expect(toApart({ kind: unset, other: { case: "m20", value: value(20) } }).kind.case).toBe("m20");
  expect(toApart({ kind: { case: "m3", value: value(3) }, m15: value(15), other: unset }).kind.case).toBe("m3");
}, 300_000);
