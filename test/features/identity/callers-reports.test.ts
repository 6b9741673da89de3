// What the compiler tells of who calls, for `protobff dev`.
import { expect, test } from "vitest";
import { compile } from "../../../plugin/src/compile.ts";
import type { CallersReport } from "../../../plugin/src/report/faults/describe-callers.ts";
import { requestFor } from "../../support/request.ts";

function reportOf(options: string, body: string): CallersReport | undefined {
  const text = `syntax = "proto3";
package a.v1;
import "bff/v1/options.proto";
import "bff/v1/identity.proto";
import "buf/validate/validate.proto";
import "google/protobuf/timestamp.proto";
${options === "" ? "" : `option (bff.v1.file) = { ${options} };`}
message Caller { string id = 1; repeated string roles = 2; repeated string scopes = 3; }
message Realm { repeated string roles = 1; Realm inner = 2; }
message Claims {
  string sub = 1; string scope = 2; Realm realm_access = 3; int64 level = 4; bool vip = 5; map<string, string> tags = 6;
  google.protobuf.Timestamp since = 7; int64 exp = 8;
}
message GetRequest { string id = 1; }
message CheckedRequest {
  string id = 1 [(buf.validate.field).string.min_len = 14];
  int32 count = 2 [(buf.validate.field).int32.gte = 7];
}
message Answer { string id = 1 [(bff.v1.field).by = "args.id"]; }
${body}`;
  const sources = Object.assign((name: string) => (name === "a/v1/a.proto" ? text : undefined), {
    path: (name: string) => name,
  });
  const request = {
    ...requestFor({ "a/v1/a.proto": text }, ["a/v1/a.proto"]),
    parameter: "import_extension=ts,server=true",
  };
  const { callers, response } = compile(request, sources);
  expect(response.error).toBe("");
  return callers[0];
}
const rpc = (name: string, permit: string, request = "GetRequest") =>
  `rpc ${name}(${request}) returns (Answer) { option idempotency_level = NO_SIDE_EFFECTS; ${permit === "" ? "" : `option (bff.v1.method) = { ${permit} };`} }`;
const service = (...rpcs: readonly string[]) =>
  `service S { option (bff.v1.service) = { permit: { scope: "read" } }; ${rpcs.join("\n")} }`;

test("a report lists sources, their settings, and the claims that hold rights", () => {
  const report = reportOf(
    `env: [ { name: "ISSUER" type: "string" alternate: "OLD_ISSUER" }, { name: "AUD" type: "string" default: "shop" },
            { name: "TENANT" type: "string" } ]
     identity: { type: "a.v1.Caller" source: [
       { name: "user"
         jwt: { issuer: "{env.ISSUER}" audience: ["{env.AUD}", "other"] claims: "a.v1.Claims" algorithm: "PS512" header: "x-token" }
         set: [ { name: "id" by: "claims.sub" }, { name: "roles" by: "claims.realm_access.roles.map(r, 'app-' + r)" },
                { name: "scopes" by: "claims.scope.split(' ')" } ] },
       { name: "robot" api_key: { prefix: "a_" }
         set: [ { name: "id" by: "credential.subject" }, { name: "scopes" by: "credential.scopes" } ] },
       { name: "web" session: { issuer: "https://{env.TENANT}.example" client_id: "shop" claims: "a.v1.Claims" }
         set: [ { name: "id" by: "claims.sub" }, { name: "roles" by: "['all']" } ] }
     ] }`,
    service(
      rpc("Condition", `permit: { role: ["admin", "auditor"] if: "args.id == principal.id" }`),
      rpc("Checked", "", "CheckedRequest"),
      rpc("Plain", `permit: { scope: "write" }`),
      rpc("Another", ""),
    ),
  );
  const claims = {
    scope: "scope-1",
    realm_access: { roles: ["roles-1"] },
    level: 1,
    vip: true,
    tags: { "key-1": "tags-1" },
  };
  const words = { path: ["scope"], as: "words", values: ["read", "write"] };
  expect(report).toEqual({
    server: "a/v1/server.ts",
    signs: false,
    rpc: "a.v1.S/Plain",
    request: '{"id":"id-1"}',
    sources: [
      {
        name: "user",
        kind: "jwt",
        header: "x-token",
        algorithms: ["PS512"],
        from: [],
        claims,
        issuer: { kind: "env", name: "ISSUER", alternates: ["OLD_ISSUER"] },
        audience: [
          { kind: "env", name: "AUD", alternates: [], default: "shop" },
          { kind: "text", text: "other" },
        ],
        rights: [words, { path: ["realm_access", "roles"], as: "list", values: ["admin", "auditor"] }],
      },
      {
        name: "robot",
        kind: "api_key",
        prefix: "a_",
        audience: [],
        algorithms: [],
        from: [],
        claims: {},
        rights: [words],
      },
      {
        name: "web",
        kind: "session",
        algorithms: [],
        from: [],
        claims,
        rights: [],
        issuer: { kind: "mixed", text: "https://{env.TENANT}.example" },
        audience: [{ kind: "text", text: "shop" }],
      },
    ],
  });
});

test("the default principal has the scopes of the token", () => {
  const report = reportOf(
    `env: { name: "ISSUER" type: "string" } identity: { source: { name: "user" jwt: { issuer: "{env.ISSUER}" audience: "a" } } }`,
    service(rpc("Get", "")),
  );
  expect(report?.sources[0]).toMatchObject({
    claims: {},
    rights: [{ path: ["scope"], as: "words", values: ["read"] }],
  });
});
test("the report of a gateway's header has the principal's fields as claims", () => {
  const report = reportOf(
    `identity: { type: "a.v1.Caller" source: { name: "edge" trusted: { header: "x-caller" } from: "spiffe://a.example/edge" } }`,
    service(rpc("Get", "")).replace('permit: { scope: "read" }', "permit: { public: true }"),
  );
  expect(report?.rpc).toBeUndefined();
  expect(report?.sources[0]).toMatchObject({
    kind: "trusted",
    header: "x-caller",
    from: ["spiffe://a.example/edge"],
    claims: { id: "id-1", roles: ["roles-1"], scopes: ["scopes-1"] },
  });
});
test("the request of the report satisfies its rules", () => {
  const report = reportOf(
    `env: { name: "ISSUER" type: "string" } identity: { source: { name: "user" jwt: { issuer: "{env.ISSUER}" audience: "a" } } }`,
    service(rpc("Checked", "", "CheckedRequest")),
  );
  expect(report?.request).toBe('{"id":"aaaaaaaaaaid-1","count":7}');
});
test("a BFF without an identity has no report", () => {
  expect(reportOf("", `service S { option (bff.v1.service) = {}; ${rpc("Get", "")} }`)).toBeUndefined();
});
