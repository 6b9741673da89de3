// Who is calling, as a generated server knows it: tokens that jose has signed, keys over loopback, expressions that read the principal.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { GeneratedProject } from "../../support/generated-project.ts";
import { startIssuer, tokenOf } from "./token-issuer.ts";

const PROTOS = {
  "shop/v1/shop.proto": `syntax = "proto3";
package shop.v1;
import "auth/v1/auth.proto";
import "bff/v1/options.proto";
import "parts/v1/parts.proto";
option (bff.v1.file).upstream = {
  metadata: { name: "x-tenant" by: "principal.tenant" if: "has(principal.tenant)" }
};
service ShopService {
  option (bff.v1.service) = {
    let: { name: "own" call: { method: "up.v1.ItemService/GetItem" set: { name: "id" by: "principal.subject" } } }
  };
  rpc GetPage(GetPageRequest) returns (Page) {
    option idempotency_level = NO_SIDE_EFFECTS;
    option (bff.v1.method).permit = {};
  }
  // Anybody may ask.
  rpc GetTeaser(GetPageRequest) returns (Teaser) {
    option idempotency_level = NO_SIDE_EFFECTS;
    option (bff.v1.method).permit.public = true;
  }
}
message Teaser {
  optional string subject = 1 [(bff.v1.field).by = "principal.subject"];
  string greeting = 2 [(bff.v1.field).by = "ok(principal) ? 'hello ' + principal.subject : 'hello'"];
}
message GetPageRequest { string id = 1; }
message Page {
  option (bff.v1.message) = {
    let: [
      { guard: { if: "principal.scopes.exists(s, s == 'banned')" fail: { code: PERMISSION_DENIED message: "not {principal.subject}" } } },
      { name: "part" compose: { message: "parts.v1.Part" args: { name: "id" by: "args.id" } } },
      { name: "echo" call: { method: "up.v1.ItemService/GetItem" set: { name: "id" by: "'echo'" } } }
    ]
  };
  string own = 1 [(bff.v1.field).by = "own.name"];
  parts.v1.Part part = 2 [(bff.v1.field).by = "part"];
  string address = 3 [(bff.v1.field).by = "peer.address"];
  string sent = 4 [(bff.v1.field).by = "echo.name"];
  string realm = 6 [(bff.v1.field).by = "principal.realm"];
}
`,
  // Its identity and its variables are those of a package that it imports.
  "auth/v1/auth.proto": `syntax = "proto3";
package auth.v1;
import "bff/v1/options.proto";
option (bff.v1.file) = {
  env: [ { name: "ISSUER" type: "string" }, { name: "REALM" type: "string" default: "main" } ]
  identity: {
    type: "Caller"
    source: {
      name: "user"
      jwt: { issuer: "{env.ISSUER}" audience: ["other", "shop-{env.REALM}"] jwks: "{env.ISSUER}/jwks" claims: "Claims" algorithm: "ES256" }
      set: [
        { name: "subject" by: "claims.sub" },
        { name: "realm" by: "env.REALM + '/' + credential.source" },
        { name: "tenant" by: "claims.org" },
        { name: "scopes" by: "claims.scope.split(' ')" }
      ]
    }
  }
};
message Claims { string sub = 1; string org = 2; string scope = 3; }
message Caller { string subject = 1; string realm = 2; optional string tenant = 3; repeated string scopes = 4; }
`,
  "parts/v1/parts.proto": `syntax = "proto3";
package parts.v1;
import "bff/v1/options.proto";
message Part {
  string who = 1 [(bff.v1.field).by = "args.id + ' of ' + principal.subject"];
  optional string tenant = 2 [(bff.v1.field).by = "principal.tenant"];
  string note = 3 [(bff.v1.field).resolver = true];
}
`,
};
const RESOLVERS = `import type { ShopResolvers } from "./shop/v1/shop_bff.ts";
export const resolvers = { partNote: ({ principal }) => principal.scopes.join("+") } satisfies ShopResolvers;
`;
const project = new GeneratedProject("principal", PROTOS);

beforeAll(() => {
  project.generate();
  project.write("resolvers.ts", RESOLVERS);
});
afterAll(() => project.remove());

const token = (iss: string, claims: object, audience = "shop-eu"): Promise<string> => tokenOf(iss, claims, audience);

const handlers = {
  "up.v1.ItemService/GetItem": ({ id }: { id: string }, { requestHeader }: { requestHeader: Headers }) => ({
    name:
      id === "echo"
        ? JSON.stringify([...requestHeader].filter(([name]) => /^(x-(?!request-id)|auth)/.test(name)))
        : `item of ${id}`,
  }),
};

async function served() {
  const iss = await startIssuer();
  const env = { ISSUER: iss, REALM: "eu", BFF_RESOLVERS: "./resolvers.ts" };
  const server = await project.served("shop/v1/server.ts", handlers as never, env);
  const send = (rpc: string) => (authorization?: string) =>
    server.post(`shop.v1.ShopService/${rpc}`, { id: "7" }, authorization ? { headers: { authorization } } : {});
  return { iss, page: send("GetPage"), teaser: send("GetTeaser"), log: server.log };
}

describe("a generated server with an identity", () => {
  test("compiles as strictly as this repository", () => {
    expect(project.typeChecked()).toBe("");
  });
  test("reads the principal wherever expressions read headers, and hides the token", async () => {
    const { iss, page } = await served();
    const { status, body } = await page(`Bearer ${await token(iss, { sub: "ann", org: "acme", scope: "read write" })}`);
    expect({ status, ...body }).toEqual({
      status: 200,
      own: "item of ann",
      part: { who: "7 of ann", tenant: "acme", note: "read+write" },
      address: "127.0.0.1",
      sent: '[["x-tenant","acme"]]',
      realm: "eu/user",
    });
  });
  test("leaves an optional field unset if the token lacks its claim", async () => {
    const { iss, page } = await served();
    const { body } = await page(`Bearer ${await token(iss, { sub: "bob", scope: "" })}`);
    expect(body).toMatchObject({ part: { who: "7 of bob" }, sent: "[]" });
    expect(body.part).not.toHaveProperty("tenant");
  });
  test("admits every caller of a public rpc, and still refuses invalid credentials", async () => {
    const { iss, teaser } = await served();
    expect(await teaser()).toEqual({ status: 200, body: { greeting: "hello" } });
    const known = { subject: "ann", greeting: "hello ann" };
    expect(await teaser(`Bearer ${await token(iss, { sub: "ann", scope: "" })}`)).toEqual({ status: 200, body: known });
    expect(await teaser("Bearer x")).toMatchObject({ status: 401 });
  });
  test("refuses callers without valid credentials, and callers that a guard refuses", async () => {
    const { iss, page, log } = await served();
    const nobody = { status: 401, body: { code: "unauthenticated", message: "unauthenticated" } };
    expect(await page()).toMatchObject(nobody);
    expect(await page("Bearer x")).toMatchObject(nobody);
    expect(await page(`Bearer ${await token(iss, { sub: "ann", scope: "" }, "shop-us")}`)).toMatchObject(nobody);
    expect(await page(`Bearer ${await token(iss, { sub: "", scope: "" })}`)).toMatchObject(nobody);
    expect(await page(`Bearer ${await token(iss, { sub: 7, scope: "" })}`)).toMatchObject(nobody);
    const banned = await token(iss, { sub: "eve", scope: "read banned" });
    expect(await page(`Bearer ${banned}`)).toMatchObject({
      status: 403,
      body: { code: "permission_denied", message: "not eve" },
    });
    expect(log()).not.toContain(banned);
  });
  test("does not start without the variables of its identity", () => {
    const { status, stderr } = project.start("shop/v1/server.ts", {
      BFF_RESOLVERS: "./resolvers.ts",
      UP_V1_ITEMSERVICE_URL: "http://127.0.0.1:1",
      UP_V1_ORDERSERVICE_URL: "http://127.0.0.1:1",
    });
    expect(status).toBe(2);
    expect(stderr).toContain("ISSUER is not set");
  });
});
