// `protobff routes --check` over the routes that `deploy=gateway-api` writes, and changed ones.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { goldenTexts } from "../../../test/support/archive.ts";
import { provided } from "../../../test/support/protos.ts";
import { run } from "../testing/run.ts";
import { compareRoutes } from "./compare-routes.ts";
import { parseDuration, readRoutes } from "./read-routes.ts";

const protos = goldenTexts("deploy/routes", "proto");
const written = goldenTexts("deploy/routes", "expected/shop/deploy/kubernetes");
const HTTP = written["httproute.yaml"] ?? "";
const RPCS = 73;

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "protobff-routes-"));
  for (const [name, text] of Object.entries({ ...provided(protos), ...protos })) put(name, text);
  configure("server=shop");
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function put(name: string, text: string): void {
  mkdirSync(dirname(join(dir, name)), { recursive: true });
  writeFileSync(join(dir, name), text);
}
const configure = (opt: string): void =>
  put("buf.gen.yaml", `version: v2\nplugins:\n  - { local: protoc-gen-bff, out: gen, opt: "${opt}" }\n`);

/** Compares routes with the project. */
async function check(yaml: string, ...args: readonly string[]) {
  put("rendered.yaml", yaml);
  return run(["routes", "--check", "rendered.yaml", ...args], dir);
}
/** Returns the differences without their places, each once. */
async function differences(yaml: string, ...args: readonly string[]): Promise<readonly string[]> {
  const { exitCode, stdout, stderr } = await check(yaml, ...args);
  expect(stderr).toBe("");
  const [, ...lines] = stdout.trimEnd().split("\n");
  expect(exitCode).toBe(lines.length === 0 ? 0 : 1);
  return [...new Set(lines.map((line) => line.replace(/^[\w./]+:\d+:\d+: /, "")))];
}
const changed = (from: string | RegExp, to: string): string => {
  const text = HTTP.replaceAll(from instanceof RegExp ? new RegExp(from, "g") : from, to);
  expect(text).not.toBe(HTTP);
  return text;
};
const route = (matches: string, more = ""): string => `apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: all }
spec:
  rules:
    - matches: ${matches}
      backendRefs: [{ name: shop, port: 80 }]
${more}`;

test("tools need a route", () => {
  const at = { file: "a.proto", line: 1, column: 1, endLine: 1, endColumn: 1 };
  const paths = [{ methods: ["POST"], segments: ["a.v1.A", "Get"], verb: undefined }];
  const rpc = { name: "a.v1.A/Get", at, hosts: [], timeoutMs: 1_000, deprecated: false, paths };
  const server = {
    name: "shop",
    rpcs: [rpc],
    builtIn: ["/mcp"],
    follows: false,
    hasSession: false,
    toolPaths: ["/mcp"],
  };
  const found = (value: string): readonly string[] => {
    const yaml = route(`[{ path: { type: PathPrefix, value: ${value} } }]`);
    return compareRoutes(readRoutes(yaml, "routes.yaml", new Set(["shop"])), server).map(({ message }) => message);
  };
  expect(found("/a.v1.A")).toEqual(["tools: no route to shop has POST /mcp"]);
  expect(found("/")).toEqual([]);
});

test("generated routes agree with their servers", async () => {
  expect(await check(HTTP)).toEqual({ exitCode: 0, stdout: `shop: 4 routes and ${RPCS} rpcs agree\n`, stderr: "" });
  expect(await differences(`${HTTP}---\n${written["grpcroute.yaml"]}`)).toEqual([]);
});

test("prefixes count as covering, and so does a rule without matches", async () => {
  expect(await differences(route('[{ path: { value: "/" } }]'))).toEqual([]);
  expect(await differences(route("[]"))).toEqual([]);
  const prefixes = ["/shop.v1.ShopService", "/shop.v2.ShopService/", "/shop.reports.ReportService", "/bff.v1", "/v1"];
  expect(
    await differences(route(`[${prefixes.map((value) => `{ path: { type: PathPrefix, value: ${value} } }`).join()}]`)),
  ).toEqual([]);
});

describe("differences end with exit code 1:", () => {
  test("a path without an rpc, and an rpc without a route", async () => {
    const { exitCode, stdout } = await check(changed("ShopService/Echo", "ShopService/Old"));
    const lineOf = (nth: number): number =>
      HTTP.split("\n").flatMap((line, i) => (line.includes("/Echo") ? [i + 1] : []))[nth] ?? 0;
    expect({ exitCode, stdout }).toEqual({
      exitCode: 1,
      stdout: [
        `shop: 3 differences of 4 routes and ${RPCS} rpcs`,
        `rendered.yaml:${lineOf(0)}:11: HTTPRoute shop-2: /shop.v2.ShopService/Old is the path of no rpc of shop`,
        `rendered.yaml:${lineOf(1)}:11: HTTPRoute shop-4: /shop.v2.ShopService/Old is the path of no rpc of shop`,
        "shop/v2/shop.proto:13:7: shop.v2.ShopService/Echo: no route to shop has POST /shop.v2.ShopService/Echo",
        "",
      ].join("\n"),
    });
  });
  test("a method without an rpc", async () => {
    const echo = /(- path: \{ type: Exact, value: \/shop\.v2\.ShopService\/Echo \}\n)/;
    expect(await differences(changed(echo, "$1          method: DELETE\n"))).toEqual([
      "HTTPRoute shop-2: DELETE /shop.v2.ShopService/Echo has a method of no rpc of shop, which has POST there",
      "HTTPRoute shop-4: DELETE /shop.v2.ShopService/Echo has a method of no rpc of shop, which has POST there",
      "shop.v2.ShopService/Echo: no route to shop has POST /shop.v2.ShopService/Echo",
    ]);
    expect(await differences(changed(echo, "$1          method: POST\n"))).toEqual([]);
  });
  test("a path of REST, or of WebSockets, without a route", async () => {
    expect(await differences(changed("value: /v1/items ", "value: /v2 "))).toContain(
      "shop.v1.ShopService/ListItems: no route to shop has GET /v1/items",
    );
    expect(await differences(changed("/bff.v1/follow", "/bff.v1/other"))).toContain(
      "shop.v1.ShopService/FollowItem: no route to shop has GET /bff.v1/follow",
    );
  });
  test("a time limit below the rpc's, or of a stream", async () => {
    expect(await differences(changed("request: 6s", "request: 1s500ms"))).toEqual([
      "HTTPRoute shop-2: /shop.v1.ShopService/MoveItem is limited to 1500 ms, below the 5000 ms of shop.v1.ShopService/MoveItem",
      "HTTPRoute shop-2: /v1/items is limited to 1500 ms, below the 5000 ms of shop.v1.ShopService/MoveItem",
      "HTTPRoute shop-3: /shop.v1.ShopService/MoveItem is limited to 1500 ms, below the 5000 ms of shop.v1.ShopService/MoveItem",
      "HTTPRoute shop-3: /v1/items is limited to 1500 ms, below the 5000 ms of shop.v1.ShopService/MoveItem",
    ]);
    expect(await differences(changed("request: 6s", "request: 5s"))).toEqual([]);
    expect(await differences(changed("request: 0s", "request: 1h"))).toContain(
      "HTTPRoute shop-2: /shop.v1.ShopService/FollowItem is limited to 3600000 ms, below the stream shop.v1.ShopService/FollowItem",
    );
    expect(await differences(changed("request: 6s", "backendRequest: 1s"))).not.toEqual([]);
  });
  test("a limit counts for the longest prefix", async () => {
    const rule = (value: string, request: string) => `
    - matches: [{ path: { type: PathPrefix, value: ${value} } }]
      timeouts: { request: ${request} }
      backendRefs: [{ name: shop, port: 80 }]`;
    const all = route('[{ path: { value: "/bff.v1" } }]');
    expect(
      await differences(`${all.trimEnd()}${rule("/", "1s")}${rule("/shop.reports.ReportService", "3s")}`),
    ).not.toEqual(expect.arrayContaining([expect.stringContaining("Report1")]));
    expect(await differences(`${all.trimEnd()}${rule("/", "0s")}${rule("/v1/items/special", "200ms")}`)).toEqual([
      "HTTPRoute all: /v1/items/special is limited to 200 ms, below the 300 ms of shop.v1.ShopService/GetItem",
    ]);
  });
  test("a match that needs a header covers nothing", async () => {
    const found = await differences(route('[{ path: { value: "/" }, headers: [{ name: a, value: b }] }]'));
    expect(found).toHaveLength(RPCS + 5);
  });
  test("as workflow commands of GitHub", async () => {
    const { exitCode, stdout } = await check(changed("/bff.v1/follow", "/bff.v1/a%2Cb"), "--format", "github");
    expect(exitCode).toBe(1);
    expect(stdout).toContain(
      "::error file=shop/v1/shop.proto,line=41,col=7,title=routes::shop.v1.ShopService/FollowItem: no route to shop has GET /bff.v1/follow\n",
    );
    expect(stdout).toMatch(
      /^::error file=rendered\.yaml,line=\d+,col=11,title=routes::HTTPRoute shop-2: \/bff\.v1\/a%252Cb is the path of no rpc of shop$/m,
    );
  });
});

test("routes of gRPC, of a list and with regular expressions are read", async () => {
  const grpc = await differences(written["grpcroute.yaml"] ?? "");
  expect(grpc).toEqual([
    expect.stringContaining("GetItem: no route to shop has GET /v1/items/*"),
    expect.stringContaining("MoveItem: no route to shop has POST /v1/items/*:move"),
    expect.stringContaining("ListItems: no route to shop has GET /v1/items"),
    expect.stringContaining("FindItems: no route to shop has GET /v1/café:find,all"),
    expect.stringContaining("FollowItem: no route to shop has GET /bff.v1/follow"),
  ]);
  const items = route("[]").replaceAll(/^/gm, "  ").replace("  apiVersion", "- apiVersion");
  expect(await differences(`apiVersion: v1\nkind: List\nitems:\n${items}`)).toEqual([]);
  const patterns = (...all: readonly string[]) =>
    route(`[${all.map((value) => `{ path: { type: RegularExpression, value: "${value}" } }`).join()}]`);
  expect(await differences(patterns("/.*"))).toEqual([]);
  expect(await differences(patterns("/.*", "/v1/items/[0-9]+", "/v9/(a|b)"))).toEqual([
    "HTTPRoute all: /v9/(a|b) is the path of no rpc of shop",
  ]);
  const service =
    "{ method: { service: shop.v2.ShopService } }, { method: { method: GetItem } }, { method: { service: shop.v2.ShopService, method: Gone } }";
  expect(
    (await differences(route(`[${service}]`).replace("HTTPRoute", "GRPCRoute"))).filter(
      (line) => !/: no route/.test(line),
    ),
  ).toEqual(["GRPCRoute all: POST /shop.v2.ShopService/Gone is the path of no rpc of shop"]);
});

describe("exit code 2 means that nothing was compared:", () => {
  test.each([
    ["a: [", "rendered.yaml is no YAML: "],
    ["no routes", "no route in rendered.yaml has the backend shop: name another Service with --service"],
    ["", "no route in rendered.yaml has the backend shop"],
    [HTTP.replaceAll("name: shop,", "name: other,").replaceAll("name: shop-ws,", "name: other-ws,"), "no route in"],
    [route("[]").replace("name: shop,", "kind: Bucket, name: shop,"), "no route in"],
  ])("%j", async (yaml, message) => {
    expect(await check(yaml)).toEqual({ exitCode: 2, stdout: "", stderr: expect.stringContaining(message) });
  });
  test("a file that cannot be read, no file, and another format", async () => {
    const refused = async (...args: readonly string[]) => {
      const { exitCode, stderr } = await run(["routes", ...args], dir);
      expect(exitCode).toBe(2);
      return stderr;
    };
    expect(await refused("--check", "none.yaml")).toContain("none.yaml cannot be read");
    expect(await refused()).toContain("'--check <file...>' not specified");
    expect(await refused("--check", "rendered.yaml", "--format", "sarif")).toContain("text, github");
  });
});

test("another name of the Service is for the only server, or for the one that it contains", async () => {
  const renamed = HTTP.replaceAll("name: shop,", "name: live-shop,").replaceAll(
    "name: shop-ws,",
    "name: live-shop-ws,",
  );
  expect(await differences(renamed, "--service", "live-shop")).toEqual([]);
  expect((await check(HTTP, "--service", "none")).exitCode).toBe(2);
  configure("server=true");
  const of = (name: string) => differences(HTTP.replaceAll("name: shop,", `name: ${name},`), "--service", name);
  expect(await of("shop-v2")).toContain(
    "HTTPRoute shop-2: /shop.v1.ShopService/GetItem is the path of no rpc of shop-v2",
  );
  expect(await of("eu-shop-v2")).toContain(
    "HTTPRoute shop-2: /shop.v1.ShopService/GetItem is the path of no rpc of shop-v2",
  );
  expect(await check(HTTP, "--service", "none")).toEqual({
    exitCode: 2,
    stdout: "",
    stderr: '--service "none" is not clear: the servers of this project are shop-reports, shop-v1, shop-v2\n',
  });
  configure("server=shop");
});

test("protos that do not compile end with exit code 1", async () => {
  const name = "shop/v2/shop.proto";
  put(name, (protos[name] ?? "").replace("args.text", "args.none"));
  const { exitCode, stderr } = await check(HTTP);
  expect(exitCode).toBe(1);
  expect(stderr).toMatch(/^the protos do not compile:\n.*shop\/v2\/shop\.proto:\d+:\d+: error BFF/);
  put(name, protos[name] ?? "");
});

test.each([
  ["1h30m", 5_400_000],
  ["1s500ms", 1_500],
  ["0s", 0],
  ["1.5s", undefined],
  ["100000s", undefined],
  ["", undefined],
])("the duration %j is %j ms", (text, ms) => {
  expect(parseDuration(text)).toBe(ms);
});
