// Chains of any length generate: nothing calls itself once for each link. The stack holds some thousands of calls.
import { expect, test } from "vitest";
import { compileCase } from "../../support/golden.ts";
import { requestFor } from "../../support/request.ts";

const LINKS = 3_000;
const chain = (link: (i: number, last: boolean) => string): string =>
  Array.from({ length: LINKS }, (_, i) => link(i, i === LINKS - 1)).join("\n");

const upstream = (further = "", field = ""): string => `syntax = "proto3";
package up.v1;
service Up {
  rpc Get(Req) returns (Res) { option idempotency_level = NO_SIDE_EFFECTS; }
}
message Req { string id = 1; ${field} }
message Res { string id = 1; ${field} }
${further}`;
const bff = (messages: string, service = ""): string => `syntax = "proto3";
package app.v1;
import "bff/v1/options.proto";
import "up/v1/up.proto";
service App {
  option (bff.v1.service) = { ${service} };
  rpc Get(In) returns (M0) { option idempotency_level = NO_SIDE_EFFECTS; }
}
message In { string id = 1; }
${messages}`;
const get = (set: string, timeout = ""): string => `call: { method: "up.v1.Up/Get" ${timeout} set: ${set} }`;

const nested = chain((i, last) => `message U${i} { string id = 1; ${last ? "" : `U${i + 1} next = 2;`} }`);

test.each([
  [
    "messages that compose each other and read a step of the service",
    upstream(),
    bff(
      chain((i, last) =>
        last
          ? `message M${i} { option (bff.v1.message) = { let: { name: "x" ${get('{ name: "id" by: "who.id" }', 'timeout: "1s"')} } };
             string x = 1 [(bff.v1.field).by = "x.id"]; }`
          : `message M${i} { option (bff.v1.message) = { let: { name: "x" compose: { message: "M${i + 1}" } } };
             M${i + 1} x = 1 [(bff.v1.field).by = "x"]; string who = 2 [(bff.v1.field).by = "who.id"]; }`,
      ),
      `let: { name: "who" ${get(`{ name: "id" by: "headers['x']" }`, 'timeout: "500ms"')} }`,
    ),
  ],
  [
    "copies inside copies",
    upstream(nested, "U0 deep = 2;"),
    bff(`message M0 { option (bff.v1.message) = { let: { name: "s" ${get('{ name: "id" by: "args.id" }')} } };
      C0 x = 1 [(bff.v1.field).by = "s.deep"]; }
      ${chain((i, last) => `message C${i} { option (bff.v1.message).alias = "up.v1.U${i}"; string id = 1; ${last ? "" : `C${i + 1} next = 2;`} }`)}`),
  ],
  [
    "messages of an upstream inside each other, passed on and compared",
    upstream(nested, "U0 deep = 2;"),
    bff(`message M0 {
      option (bff.v1.message) = { let: [{ name: "s" ${get('{ name: "id" by: "args.id" }')} }, { name: "t" ${get('{ name: "deep" by: "s.deep" }')} }] };
      bool same = 1 [(bff.v1.field).by = "s.deep == t.deep"]; }`),
  ],
])("%s", (_, up, app) => {
  const protos = { "up/v1/up.proto": up, "app/v1/app.proto": app };
  const { response, diagnostics } = compileCase(requestFor(protos), protos, "import_extension=ts,plan=json");
  expect(diagnostics).toEqual([]);
  expect(response.file.map(({ name }) => name)).toContain("app/v1/app_plan.json");
});
