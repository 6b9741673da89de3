// Two versions of a BFF on one port, as users run them: v1 is deprecated and v2 follows it, with clients that nobody here has written.
import { execFile, execFileSync, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { DescService, JsonObject } from "@bufbuild/protobuf";
import { Code, ConnectError, createClient, type Interceptor } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport, createGrpcWebTransport } from "@connectrpc/connect-node";
import * as grpc from "@grpc/grpc-js";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { GeneratedProject, type Handlers } from "../../support/generated-project.ts";
import { UPSTREAMS } from "../../support/golden.ts";

import { requestFor, schemaOf } from "../../support/request.ts";

const PROTOS = {
  "page/identity.proto": `syntax = "proto3";
package page;
import "bff/v1/options.proto";
option (bff.v1.file) = {
  env: { name: "ISSUER" type: "string" }
  identity: {
    source: {
      name: "user"
      jwt: { issuer: "{env.ISSUER}" audience: "page" jwks: "{env.ISSUER}/jwks" algorithm: "ES256" }
      set: { name: "subject" by: "credential.subject" }
    }
    type: "page.Principal"
  }
  upstream: { service: "up.v1.ItemService" retry: { attempts: 1 } breaker: { minimum: 4 error_rate: 0.5 open_for: "1h" } }
  upstream: { method: "up.v1.ItemService/MapItems" limit: { concurrent: 1 queued: 0 } }
};
message Principal { string subject = 1; }
`,
  "page/v1/page.proto": `syntax = "proto3";
// opt: server=page
package page.v1;
import "bff/v1/options.proto";
import "google/api/annotations.proto";
import "page/identity.proto";
option (bff.v1.file).env = { name: "GREETING" type: "string" default: "hello" };
service PageService {
  option deprecated = true;
  option (bff.v1.service) = {
    permit: {}
    version: { deprecated: "2026-11-01" sunset: "2027-05-01" successor: "page.v2.PageService" }
  };
  rpc Get(GetRequest) returns (Page) {
    option idempotency_level = NO_SIDE_EFFECTS;
    option (google.api.http).get = "/v1/pages/{id}";
  }
  rpc Count(GetRequest) returns (Counted) { option idempotency_level = NO_SIDE_EFFECTS; }
}
message GetRequest { string id = 1; }
message Page {
  option (bff.v1.message) = {
    let: { name: "item" call: { method: "up.v1.ItemService/GetItem" set: { name: "id" by: "args.id" } } }
  };
  string title = 1 [(bff.v1.field).by = "env.GREETING + ' ' + item.name"];
  string badge = 2 [(bff.v1.field).resolver = true];
}
message Counted {
  option (bff.v1.message) = {
    let: { name: "found" call: { method: "up.v1.ItemService/MapItems" set: { name: "ids" by: "[args.id]" } } }
  };
  int32 count = 1 [(bff.v1.field).by = "size(found.items)"];
}
`,
  "page/v2/page.proto": `syntax = "proto3";
package page.v2;
import "bff/v1/options.proto";
import "page/identity.proto";
option (bff.v1.file).env = { name: "GREETING" type: "string" default: "hi" };
service PageService {
  option (bff.v1.service).permit = {};
  rpc Get(GetRequest) returns (Page) { option idempotency_level = NO_SIDE_EFFECTS; }
  rpc Count(GetRequest) returns (Counted) { option idempotency_level = NO_SIDE_EFFECTS; }
}
message GetRequest { string id = 1; bool loud = 2; }
message Page {
  option (bff.v1.message) = {
    let: { name: "item" call: { method: "up.v1.ItemService/GetItem" set: { name: "id" by: "args.id" } } }
  };
  string heading = 1 [(bff.v1.field).by = "env.GREETING + ' ' + item.name"];
  string badge = 2 [(bff.v1.field).resolver = true];
  string who = 3 [(bff.v1.field).by = "principal.subject"];
}
message Counted {
  option (bff.v1.message) = {
    let: { name: "found" call: { method: "up.v1.ItemService/MapItems" set: { name: "ids" by: "[args.id]" } } }
  };
  int32 count = 1 [(bff.v1.field).by = "size(found.items)"];
}
`,
};
const RESOLVERS = `import type { PageResolvers as V1 } from "./page/v1/page_bff.ts";
import type { PageResolvers as V2 } from "./page/v2/page_bff.ts";
export const resolvers = {
  pageV1PageBadge: () => "old",
  pageV2PageBadge: () => "new",
} satisfies V1 & V2;
`;
const run = promisify(execFile);
const project = new GeneratedProject("versions", PROTOS);
const keys = await generateKeyPair("ES256");
const { registry } = schemaOf(requestFor({ ...UPSTREAMS, ...PROTOS }));
const serviceOf = (name: string): DescService => registry.getService(name) ?? raise(`no ${name}`);
function raise(text: string): never {
  throw new Error(text);
}

beforeAll(() => {
  project.generate();
  project.write("resolvers.ts", RESOLVERS);
});
afterAll(() => project.remove());

async function issuer(): Promise<string> {
  const jwk = { ...(await exportJWK(keys.publicKey)), kid: "1", alg: "ES256" };
  const server = createServer((_, response) => {
    response.setHeader("content-type", "application/json").end(JSON.stringify({ keys: [jwk] }));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
const item = ({ id }: { id: string }): object => {
  if (id === "fail") throw new ConnectError("away", Code.Unavailable);
  return { id, name: `item ${id}` };
};
async function served(handlers: Handlers<never> = {}) {
  const iss = await issuer();
  const all = { "up.v1.ItemService/GetItem": item as never, ...handlers };
  const server = await project.served("page/server.ts", all, { ISSUER: iss, BFF_REFLECTION: "true" });
  const jwt = new SignJWT({ sub: "ann" }).setProtectedHeader({ alg: "ES256", kid: "1" });
  const token = await jwt.setIssuer(iss).setAudience("page").setExpirationTime("1m").sign(keys.privateKey);
  return { ...server, authorization: `Bearer ${token}` };
}

const NAMES = ["deprecation", "sunset", "link"] as const;
const DEPRECATION = {
  deprecation: "@1793491200",
  sunset: "Sat, 01 May 2027 00:00:00 GMT",
  link: '</page.v2.PageService/Get>; rel="successor-version"',
};
const NOTHING = { deprecation: null, sunset: null, link: null };
const deprecationOf = (headers: Headers): object => Object.fromEntries(NAMES.map((name) => [name, headers.get(name)]));

describe("page.v1 and page.v2 in one server", () => {
  test("compile as strictly as this repository", () => {
    expect(project.typeChecked()).toBe("");
  });

  const transports = [
    ["Connect", createConnectTransport, {}],
    ["Connect's GET", createConnectTransport, { useHttpGet: true }],
    ["gRPC", createGrpcTransport, {}],
    ["gRPC-Web", createGrpcWebTransport, {}],
  ] as const;
  test.each(transports)(
    "answer clients of both versions by %s, and the old version is deprecated",
    async (_, make, more) => {
      const { url, authorization } = await served();
      const send = async (version: "v1" | "v2", headers: Record<string, string>) => {
        let responseHeaders: Headers | undefined;
        const seeing: Interceptor = (next) => async (request) => {
          for (const [name, value] of Object.entries(headers)) request.header.set(name, value);
          const response = await next(request);
          responseHeaders = response.header;
          return response;
        };
        const transport = make({ baseUrl: url, httpVersion: "2", interceptors: [seeing], ...more });
        const client = createClient(serviceOf(`page.${version}.PageService`), transport);
        const { get } = client as unknown as Record<string, (request: object) => Promise<JsonObject>>;
        const answer = await get?.({ id: "7" }).catch((error: unknown) => ConnectError.from(error));
        return { answer, headers: deprecationOf(responseHeaders ?? (answer as unknown as ConnectError).metadata) };
      };
      expect(await send("v1", { authorization })).toMatchObject({
        answer: { title: "hello item 7", badge: "old" },
        headers: DEPRECATION,
      });
      expect(await send("v2", { authorization })).toMatchObject({
        answer: { heading: "hi item 7", badge: "new", who: "ann" },
        headers: NOTHING,
      });
      expect(await send("v1", {})).toMatchObject({ answer: { code: Code.Unauthenticated }, headers: DEPRECATION });
    },
  );

  test("send deprecation headers to grpc-js, with an answer and with a failure", async () => {
    const { url, authorization } = await served();
    const client = new grpc.Client(new URL(url).host, grpc.credentials.createInsecure());
    onTestFinished(() => client.close());
    const send = async (id: string) => {
      const metadata = new grpc.Metadata();
      metadata.set("authorization", authorization);
      const bytes = Buffer.from([0x0a, id.length, ...Buffer.from(id)]);
      const headers = new grpc.Metadata();
      const ended = Promise.withResolvers<grpc.ServiceError | null>();
      client
        .makeUnaryRequest(
          "/page.v1.PageService/Get",
          () => bytes,
          (answer) => answer,
          {},
          metadata,
          {},
          (error) => ended.resolve(error),
        )
        .on("metadata", (received) => headers.merge(received));
      const error = await ended.promise;
      // The headers of an answer that is only trailers are the error's metadata.
      if (error !== null) headers.merge(error.metadata);
      return { code: error?.code ?? grpc.status.OK, headers: headers.getMap() };
    };
    expect(await send("7")).toMatchObject({ code: grpc.status.OK, headers: DEPRECATION });
    expect(await send("fail")).toMatchObject({ code: grpc.status.UNAVAILABLE, headers: DEPRECATION });
  });

  test.runIf(spawnSync("curl", ["--version"]).status === 0)(
    "send deprecation headers to curl, and their link answers the same request",
    async () => {
      const { url, authorization } = await served();
      const curl = async (path: string): Promise<string[]> => {
        const { stdout } = await run("curl", [
          ...["-sS", "-i", "-H", `authorization: ${authorization}`, "-H", "content-type: application/json"],
          ...["-d", '{"id":"7"}', `${url}${path}`],
        ]);
        return stdout.split("\r\n");
      };
      const lines = await curl("/page.v1.PageService/Get");
      expect(lines[0]).toBe("HTTP/1.1 200 OK");
      expect(lines).toEqual(
        expect.arrayContaining(Object.entries(DEPRECATION).map(([name, value]) => `${name}: ${value}`)),
      );
      // RFC 8288: a target in angle brackets, resolved against the request's
      const link = lines.find((line) => line.startsWith("link: ")) ?? "";
      const [, target = ""] = /<([^>]*)>;\s*rel="successor-version"/.exec(link) ?? [];
      const followed = await curl(new URL(target, `${url}/page.v1.PageService/Get`).pathname);
      expect(followed.at(-1)).toBe('{"heading":"hi item 7","badge":"new","who":"ann"}');
    },
  );

  test("send deprecation headers over REST, with an answer, a refusal and a malformed request", async () => {
    const { url, authorization } = await served();
    const get = async (path: string, headers: Record<string, string> = {}) => {
      const answer = await fetch(url + path, { headers });
      return { status: answer.status, body: await answer.json(), headers: deprecationOf(answer.headers) };
    };
    expect(await get("/v1/pages/7", { authorization })).toEqual({
      status: 200,
      headers: DEPRECATION,
      body: { title: "hello item 7", badge: "old" },
    });
    expect(await get("/v1/pages/7")).toMatchObject({ status: 401, headers: DEPRECATION });
    expect(await get("/v1/pages/7?nothing=1", { authorization })).toMatchObject({ headers: DEPRECATION });
  });

  test("share an upstream's breaker, and log the callers of the old version", async () => {
    const { post, authorization, log } = await served();
    const headers = { authorization, "user-agent": "shop-app/3.1" };
    for (let i = 0; i < 4; i++) await post("page.v1.PageService/Get", { id: "fail" }, { headers });
    const { status, body } = await post("page.v2.PageService/Get", { id: "7" }, { headers });
    expect([status, body.code]).toEqual([503, "unavailable"]);
    await vi.waitFor(() => expect(log()).toMatch(/^\S+ page\.v2\.PageService\/Get failed with UNAVAILABLE: .*open/m));
    expect(log().match(/breaker of up\.v1\.ItemService: closed -> open/g)).toHaveLength(1);
    const called =
      /page\.v1\.PageService\/Get is deprecated since 2026-11-01 .*: called by "ann" of user.* with "shop-app\/3\.1"/g;
    expect(log().match(called)).toHaveLength(1);
    expect(log()).not.toContain("page.v2.PageService/Get is deprecated");
  });

  test("share a method's inner limit", async () => {
    const arrival = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    const held = async ({ ids }: { ids: string[] }): Promise<object> => {
      if (ids[0] === "held") {
        arrival.resolve();
        await release.promise;
      }
      return { items: { a: {} } };
    };
    const { post, authorization } = await served({ "up.v1.ItemService/MapItems": held as never });
    const headers = { authorization };
    const first = post("page.v1.PageService/Count", { id: "held" }, { headers });
    await arrival.promise;
    expect((await post("page.v2.PageService/Count", { id: "b" }, { headers })).status).toBe(429);
    release.resolve();
    expect(await first).toEqual({ status: 200, body: { count: 1 } });
    expect(await post("page.v2.PageService/Count", { id: "b" }, { headers })).toEqual({
      status: 200,
      body: { count: 1 },
    });
  });

  test("are both in health and reflection, which buf reads", async () => {
    const { url, post, authorization } = await served();
    await post("page.v1.PageService/Get", { id: "7" }, { headers: { authorization } }); // the keys are there
    for (const version of ["v1", "v2"]) {
      const { body } = await post("grpc.health.v1.Health/Check", { service: `page.${version}.PageService` });
      expect(body).toEqual({ status: "SERVING" });
    }
    const buf = fileURLToPath(new URL("../../../node_modules/.bin/buf", import.meta.url));
    const { stdout } = await run(buf, ["curl", "--http2-prior-knowledge", "--list-methods", url]);
    expect(
      stdout
        .trim()
        .split("\n")
        .filter((line) => line.startsWith("page.")),
    ).toEqual(["v1", "v2"].flatMap((version) => ["Count", "Get"].map((name) => `page.${version}.PageService/${name}`)));
  });

  test("start with the functions of both, in one module", async () => {
    const { stderr, status } = project.start("page/server.ts", {
      ISSUER: "http://127.0.0.1:1",
      UP_V1_ITEMSERVICE_URL: "http://127.0.0.1:1",
      BFF_RESOLVERS: "./half.mjs",
    });
    expect(status).toBe(2);
    expect(stderr).toContain("page cannot start");
    project.write("half.mjs", "export const resolvers = { pageV1PageBadge: () => '' };\n");
    const half = project.start("page/server.ts", {
      ISSUER: "http://127.0.0.1:1",
      UP_V1_ITEMSERVICE_URL: "http://127.0.0.1:1",
      BFF_RESOLVERS: "./half.mjs",
    });
    expect(half.stderr).toContain("lacks pageV2PageBadge in its `resolvers`");
  });

  test("have stubs of both from init-resolvers, in one module", () => {
    const functions = (): string[] =>
      readFileSync(`${project.folder}/begun.ts`, "utf8").match(/^ {2}(?:async )?page\w+/gm) ?? [];
    expect(project.initResolvers("begun.ts")).toMatchObject({ stderr: "", status: 0 });
    expect(functions()).toEqual(["  pageV1PageBadge", "  pageV2PageBadge"]);
    expect(project.typeChecked()).toBe("");
    // of a module that was begun when there was one version
    project.write(
      "begun.ts",
      RESOLVERS.replace(/^ {2}pageV2.*\n/m, "")
        .replace(/^import.*V2.*\n/m, "")
        .replace(" & V2", ""),
    );
    expect(project.initResolvers("begun.ts")).toMatchObject({ stderr: "", status: 0 });
    expect(functions()).toEqual(["  pageV1PageBadge", "  pageV2PageBadge"]);
    rmSync(`${project.folder}/begun.ts`); // its type is that of the one version
  });

  test("have one server and no other", () => {
    const files = execFileSync("find", [project.folder, "-name", "server.ts", "-o", "-name", "identity.ts"]).toString();
    expect(files.trim().split("\n").sort()).toEqual(
      ["identity.ts", "server.ts"].map((name) => `${project.folder}/page/${name}`),
    );
  });
});
