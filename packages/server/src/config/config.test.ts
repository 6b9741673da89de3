import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EnvReader } from "@protobff/runtime/internal/environment/env-reader";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { explainFaults } from "../process/start-line.ts";
import { EchoService } from "../testing/test-echo.ts";
import { readConfig } from "./config.ts";
import { variablePrefix } from "./config-upstreams.ts";

const URL = "ECHO_V1_ECHOSERVICE_URL";
const spec = {
  upstreams: { echo: EchoService },
  env: (read: EnvReader) => ({ DEFAULT_QUERY: read.string("DEFAULT_QUERY", "recent") }),
};
const noFile = () => {
  throw new Error("ENOENT: no such file");
};
const faultsOf = (source: Record<string, string>, readFile: (path: string) => Buffer = noFile) =>
  readConfig({ [URL]: "http://127.0.0.1:9001", ...source }, spec, readFile).faults ?? [];

describe("readConfig", () => {
  it("readConfig needs only the addresses of upstreams", () => {
    expect(readConfig({ [URL]: "http://127.0.0.1:9001" }, spec, noFile).config).toEqual({
      host: "0.0.0.0",
      port: 8080,
      graceMs: 10_000,
      maxRequestBytes: 1_048_576,
      maxElements: 10_000,
      maxSteps: 10_000_000,
      maxReplyBytes: 16_777_216,
      maxPendingBytes: 134_217_728,
      warmUpMs: 0,
      maxConnections: 30_000,
      maxStreams: 250,
      http2Server: "own",
      maxFollowers: 20_000,
      maxFollowersPerCaller: 2_000,
      idleMs: 300_000,
      http2: "own",
      upstreamCheck: "off",
      maxRequests: 0,
      shedDelayMs: 50,
      shedReadyz: false,
      corsOrigins: [],
      hstsMs: 0,
      drainDelayMs: 0,
      maxConnectionAgeMs: 0,
      reflection: false,
      log: "text",
      telemetry: {},
      workers: 1,
      upstreams: { echo: { urls: ["http://127.0.0.1:9001"], tls: {} } },
      branches: {},
      branchesOff: [],
      env: { DEFAULT_QUERY: "recent" },
    });
  });

  it("readConfig reads the header of tags only for a server that sends them", () => {
    const read = (BFF_CDN_TAGS: string, cdn: boolean) =>
      readConfig({ [URL]: "http://127.0.0.1:9001", BFF_CDN_TAGS }, { ...spec, cdn }, noFile);
    expect(read("", true).config?.cdnHeader).toBe("cache-tag");
    expect(read("surrogate-key", true).config?.cdnHeader).toBe("surrogate-key");
    expect(read("x", true).faults?.map(({ variable }) => variable)).toEqual(["BFF_CDN_TAGS"]);
    expect(read("x", false).faults).toBeUndefined();
  });

  it.each([
    ["short", "has 5 characters"],
    ["a token for purges", "has a space or a character outside ASCII"],
    ["0123456789abcdé#", "has a space or a character outside ASCII"],
  ])("a token for purges that no header carries, or that is short, is a fault: %s", (token, why) => {
    const source = { [URL]: "http://127.0.0.1:9001", BFF_PURGE_TOKEN: token, BFF_ADMIN_PORT: "0" };
    expect(readConfig(source, { ...spec, tagged: true }, noFile).faults).toMatchObject([
      { variable: "BFF_PURGE_TOKEN", problem: why },
    ]);
  });

  it("readConfig reads all variables", () => {
    const source = {
      [URL]: "https://echo.example/",
      HOST: "::1",
      PORT: "0",
      BFF_GRACE: "500ms",
      BFF_MAX_REQUEST_BYTES: "1000",
      BFF_MAX_ELEMENTS: "500",
      BFF_MAX_STEPS: "7000",
      BFF_MAX_REPLY_BYTES: "2000",
      BFF_MAX_PENDING_BYTES: "3000",
      BFF_MAX_STREAMS: "20",
      BFF_WARM_UP: "3s",
      BFF_MAX_CONNECTIONS: "10",
      BFF_MAX_FOLLOWERS: "30",
      BFF_MAX_FOLLOWERS_PER_CALLER: "7",
      BFF_IDLE: "30s",
      BFF_MAX_REQUESTS: "300",
      BFF_SHED_DELAY: "50ms",
      BFF_SHED_READYZ: "true",
      BFF_HTTP2: "node",
      BFF_HTTP2_SERVER: "node",
      BFF_CORS_ORIGINS: "https://app.example, http://localhost:3000",
      BFF_REFLECTION: "true",
      BFF_LOG: "json",
      REDIS_URL: "rediss://user:word@redis.example:6380/2",
      DEFAULT_QUERY: "old",
    };
    expect(readConfig(source, spec, noFile).config).toEqual({
      host: "::1",
      port: 0,
      graceMs: 500,
      maxRequestBytes: 1000,
      maxElements: 500,
      maxSteps: 7000,
      maxReplyBytes: 2000,
      maxPendingBytes: 3000,
      warmUpMs: 3_000,
      maxConnections: 10,
      maxStreams: 20,
      http2Server: "node",
      maxFollowers: 30,
      maxFollowersPerCaller: 7,
      idleMs: 30_000,
      maxRequests: 300,
      shedDelayMs: 50,
      shedReadyz: true,
      http2: "node",
      upstreamCheck: "off",
      corsOrigins: ["https://app.example", "http://localhost:3000"],
      hstsMs: 0,
      drainDelayMs: 0,
      maxConnectionAgeMs: 0,
      reflection: true,
      log: "json",
      telemetry: {},
      workers: 1,
      redisUrl: "rediss://user:word@redis.example:6380/2",
      upstreams: { echo: { urls: ["https://echo.example"], tls: {} } },
      branches: {},
      branchesOff: [],
      env: { DEFAULT_QUERY: "old" },
    });
  });

  it("branches may have an address, and missing variables are named", () => {
    const branched = { ...spec, branches: { echo: ["canary", "next_one"] } };
    const source = { [URL]: "http://127.0.0.1:9001", ECHO_V1_ECHOSERVICE_CANARY_URL: "https://canary.example" };
    const { config } = readConfig(source, branched, noFile);
    expect(config?.branches).toEqual({ "echo.canary": { urls: ["https://canary.example"], tls: {} } });
    expect(config?.branchesOff).toEqual(["ECHO_V1_ECHOSERVICE_NEXT_ONE_URL"]);
    const { faults } = readConfig({ ...source, ECHO_V1_ECHOSERVICE_CANARY_URL: "canary" }, branched, noFile);
    expect(faults?.map(({ variable }) => variable)).toEqual(["ECHO_V1_ECHOSERVICE_CANARY_URL"]);
  });

  it("an upstream with shards has the addresses of its shards alone", () => {
    const sharded = { ...spec, shards: { echo: 3 } };
    const list = "ECHO_V1_ECHOSERVICE_SHARDS";
    const [a, b] = ["ECHO_V1_ECHOSERVICE_B_2_URL", "ECHO_V1_ECHOSERVICE_A_URL"];
    const { config } = readConfig(
      { [list]: "b_2, a", [a]: "http://b.example", [b]: "http://a.example" },
      sharded,
      noFile,
    );
    expect(config?.upstreams.echo.urls).toEqual([]);
    expect(Object.entries(config?.shards ?? {})).toEqual([
      ["echo.b_2", { urls: ["http://b.example"], tls: {} }],
      ["echo.a", { urls: ["http://a.example"], tls: {} }],
    ]);
  });
  it.each([
    [undefined, "is not set"],
    ["a,a", "has a shard twice"],
    ["a,B", 'has "B" in it'],
    ["a,,b", 'has "" in it'],
    ["a,b,c,d", "has 4 shards"],
  ])("faulty shards are faults: %s", (text, problem) => {
    const source = { ECHO_V1_ECHOSERVICE_SHARDS: text, ECHO_V1_ECHOSERVICE_A_URL: "http://a.example" };
    const { faults } = readConfig(source, { ...spec, shards: { echo: 3 } }, noFile);
    expect(faults?.[0]).toMatchObject({ variable: "ECHO_V1_ECHOSERVICE_SHARDS", problem });
  });
  it("a shard without an address is a fault", () => {
    const { faults } = readConfig({ ECHO_V1_ECHOSERVICE_SHARDS: "a" }, { ...spec, shards: { echo: 3 } }, noFile);
    expect(faults?.map(({ variable }) => variable)).toEqual(["ECHO_V1_ECHOSERVICE_A_URL"]);
  });

  it("an address may have a path", () => {
    const { config } = readConfig({ [URL]: "https://gateway.example/echo/" }, spec, noFile);
    expect(config?.upstreams.echo.urls).toEqual(["https://gateway.example/echo"]);
  });

  it("an upstream may have a list of addresses", () => {
    const list = " http://10.0.0.1:9001/echo/ ,http://[::1]:9001/echo,http://echo.example:9001/echo";
    const { config } = readConfig({ [URL]: list }, spec, noFile);
    expect(config?.upstreams.echo.urls).toEqual([
      "http://10.0.0.1:9001/echo",
      "http://[::1]:9001/echo",
      "http://echo.example:9001/echo",
    ]);
  });

  it("readConfig reports all faults at once", () => {
    const { faults } = readConfig(
      {
        PORT: "http",
        BFF_GRACE: "10",
        BFF_MAX_ELEMENTS: "0",
        BFF_MAX_REPLY_BYTES: "0",
        BFF_CORS_ORIGINS: "app.example",
        BFF_REFLECTION: "on",
        BFF_HTTP2: "2",
        BFF_HTTP2_SERVER: "3",
        TLS_CERT_FILE: "/cert.pem",
      },
      { upstreams: spec.upstreams, env: (read) => read.int("LIMIT") },
      noFile,
    );
    expect(faults?.map(({ variable }) => variable).sort()).toEqual([
      "BFF_CORS_ORIGINS",
      "BFF_GRACE",
      "BFF_HTTP2",
      "BFF_HTTP2_SERVER",
      "BFF_MAX_ELEMENTS",
      "BFF_MAX_REPLY_BYTES",
      "BFF_REFLECTION",
      "ECHO_V1_ECHOSERVICE_URL",
      "LIMIT",
      "PORT",
      "TLS_CERT_FILE",
      "TLS_KEY_FILE",
    ]);
  });

  it.each([
    ["127.0.0.1:9001", "is not an address"],
    ["echo.example:9001", "begins with neither http:// nor https://"],
    ["http://user:secret@echo.example", "has more in it than scheme, host, port and path"],
    ["http://echo.example/?a=b", "has more in it than scheme, host, port and path"],
    ["http://a.example,b.example:1", "begins with neither http:// nor https://: number 2 of its list"],
    ["http://a.example,", "is empty: number 2 of its list"],
    ["http://a.example,https://a.example", "has addresses with http:// and with https://"],
    ["http://a.example/x,http://b.example/y", "has addresses with different paths"],
    ["http://a.example,http://b.example,http://a.example:80/", "has an address twice"],
  ])("readConfig refuses the address %s", (url, problem) => {
    const faults = faultsOf({ [URL]: url });
    expect(faults).toMatchObject([{ variable: URL, problem }]);
    expect(JSON.stringify(faults)).not.toContain("secret");
  });

  it.each(["https://app.example/", "https://app.example/path", "null", "app.example"])(
    "readConfig refuses the origin %s",
    (origin) => {
      expect(faultsOf({ BFF_CORS_ORIGINS: `https://good.example,${origin}` })).toMatchObject([
        { variable: "BFF_CORS_ORIGINS", problem: `has ${JSON.stringify(origin)} in it` },
      ]);
    },
  );

  it.each(["-1", "65536", "80.5", "8080 "])("readConfig refuses the port %s", (port) => {
    expect(faultsOf({ PORT: port })).toMatchObject([{ variable: "PORT" }]);
  });

  it("readConfig refuses a grace beyond the maximum of a timer", () => {
    expect(faultsOf({ BFF_GRACE: "40000m" })).toMatchObject([{ variable: "BFF_GRACE" }]);
  });

  it("the explanation has one line per fault", () => {
    const faults = faultsOf({ [URL]: "", PORT: "x" });
    expect(explainFaults("web.v1", faults, "text")).toBe(
      [
        "web.v1 cannot start: 2 variables are missing or malformed",
        "  ECHO_V1_ECHOSERVICE_URL is not set; write the address of echo.v1.EchoService, like http://127.0.0.1:9001 or https://service.example",
        '  PORT is "x"; write a whole number between 0 and 65535',
        "",
      ].join("\n"),
    );
  });

  it("the explanation is one JSON object, with each fault once, if logs are JSON", () => {
    const faults = faultsOf({ [URL]: "", PORT: "x" });
    const text = explainFaults("web.v1", [...faults, ...faults], "json");
    expect(text).toMatch(/^\{.*\}\n$/);
    expect(JSON.parse(text)).toMatchObject({
      event: "cannot start",
      name: "web.v1",
      why: "2 variables are missing or malformed",
      faults: [
        { variable: URL, problem: "is not set" },
        { variable: "PORT", problem: 'is "x"' },
      ],
    });
  });

  it("variables are named after the full service name", () => {
    expect(variablePrefix("billing.v1.BillingService")).toBe("BILLING_V1_BILLINGSERVICE");
  });
});

describe("certificates", () => {
  let folder: string;
  const path = (name: string) => join(folder, name);
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "bff-config-"));
    for (const name of ["a", "b"]) {
      const what = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
      const where = ["-subj", "/CN=localhost", "-keyout", path(`${name}.key`), "-out", path(`${name}.crt`)];
      execFileSync("openssl", [...what, ...where], { stdio: "ignore" });
    }
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it("certificates are read", () => {
    const source = {
      [URL]: "https://echo.example",
      ECHO_V1_ECHOSERVICE_CA_FILE: path("a.crt"),
      ECHO_V1_ECHOSERVICE_CERT_FILE: path("b.crt"),
      ECHO_V1_ECHOSERVICE_KEY_FILE: path("b.key"),
      TLS_CERT_FILE: path("a.crt"),
      TLS_KEY_FILE: path("a.key"),
    };
    const { config, faults } = readConfig(source, spec, readFileSync);
    expect(faults).toBeUndefined();
    expect(config?.tls).toEqual({ cert: readFileSync(path("a.crt")), key: readFileSync(path("a.key")) });
    expect(config?.upstreams.echo.tls).toEqual({
      ca: readFileSync(path("a.crt")),
      cert: readFileSync(path("b.crt")),
      key: readFileSync(path("b.key")),
    });
  });

  it("certificates must be readable", () => {
    const faults = faultsOf({ TLS_CERT_FILE: path("none.crt"), TLS_KEY_FILE: path("a.key") }, readFileSync);
    expect(faults).toMatchObject([{ variable: "TLS_CERT_FILE", remedy: "the path of a PEM file" }]);
    expect(faults[0]?.problem).toMatch(/^cannot be read \(ENOENT/);
  });

  it("a certificate and its key must match", () => {
    const faults = faultsOf({ TLS_CERT_FILE: path("a.crt"), TLS_KEY_FILE: path("b.key") }, readFileSync);
    expect(faults).toMatchObject([
      { variable: "TLS_CERT_FILE", problem: "and TLS_KEY_FILE are not a certificate and its key" },
    ]);
  });

  it("a key needs its certificate", () => {
    const faults = faultsOf(
      { [URL]: "https://echo.example", ECHO_V1_ECHOSERVICE_KEY_FILE: path("a.key") },
      readFileSync,
    );
    expect(faults).toMatchObject([{ variable: "ECHO_V1_ECHOSERVICE_CERT_FILE" }]);
  });

  it.each(["", "garbage", "-----BEGIN CERTIFICATE-----\ngarbage\n-----END CERTIFICATE-----\n"])(
    "a file with %j is refused as a certificate",
    (text) => {
      const source = { [URL]: "https://echo.example", ECHO_V1_ECHOSERVICE_CA_FILE: "ca.pem" };
      expect(faultsOf(source, () => Buffer.from(text))).toMatchObject([{ variable: "ECHO_V1_ECHOSERVICE_CA_FILE" }]);
    },
  );

  it("certificates without TLS are a fault", () => {
    expect(faultsOf({ ECHO_V1_ECHOSERVICE_CA_FILE: path("a.crt") }, readFileSync)).toMatchObject([{ variable: URL }]);
  });
});

describe("REDIS_URL", () => {
  it.each(["redis://127.0.0.1:6379", "redis://h", "redis://h/", "redis://:word@h:1/15", "rediss://u:p@h"])(
    "REDIS_URL may be %s",
    (url) => {
      expect(faultsOf({ REDIS_URL: url })).toEqual([]);
    },
  );
  it.each([
    ["redis", "is not an address"],
    ["http://u:secret@h", "begins with neither redis:// nor rediss://"],
    ["redis://:secret@h/x", "has more in it than user, password, host, port and the number of a database"],
    ["redis://:secret@h?x", "has more in it than user, password, host, port and the number of a database"],
  ])("REDIS_URL may not be %s, and its value is not repeated", (url, problem) => {
    expect(faultsOf({ REDIS_URL: url })).toMatchObject([{ variable: "REDIS_URL", problem }]);
    expect(JSON.stringify(faultsOf({ REDIS_URL: url }))).not.toContain("secret");
  });
});

it("keys of caches are optional, read only for sensitive caches, and never repeated", () => {
  const faults = (keys: string, sensitive: boolean) =>
    readConfig({ [URL]: "http://127.0.0.1:9001", BFF_CACHE_KEYS: keys }, { ...spec, sensitive }, noFile).faults;
  expect([faults("", true), faults("c2hvcnQ=", false)]).toEqual([undefined, undefined]);
  expect(faults("c2hvcnQ=", true)).toMatchObject([
    { variable: "BFF_CACHE_KEYS", problem: "holds something else than keys" },
  ]);
  expect(JSON.stringify(faults("c2hvcnQ=", true))).not.toContain("c2hvcnQ");
});
