import * as http2 from "node:http2";
import { describe, expect, onTestFinished, test } from "vitest";
import { type ListenOptions, listen } from "../listen.ts";
import { echoEndpoint } from "../testing/test-echo.ts";
import { corsHeaders } from "./cors.ts";
import { SecurityHeaders } from "./security-headers.ts";

const PATH = "/echo.v1.EchoService/Echo";
const JSON_POST = { method: "POST", headers: { "content-type": "application/json" }, body: '"x"' };

async function served(options: ListenOptions = {}) {
  const server = await listen([echoEndpoint()], options);
  onTestFinished(() => server.close(0));
  return server;
}

describe("every HTTP answer has nosniff", () => {
  test.each<[string, string, number, RequestInit]>([
    ["an answer", PATH, 200, JSON_POST],
    ["a failure", PATH, 400, { ...JSON_POST, body: "{" }],
    ["gRPC-Web", PATH, 200, { method: "POST", headers: { "content-type": "application/grpc-web+proto" }, body: "" }],
    ["another content type", PATH, 415, { method: "POST", headers: { "content-type": "text/plain" }, body: "x" }],
    ["another path", "/index.html", 404, {}],
    ["another method", PATH, 405, { method: "DELETE" }],
    ["health", "/healthz", 200, {}],
    ["readiness", "/readyz", 200, {}],
  ])("%s", async (_, path, status, init) => {
    const server = await served({ corsOrigins: ["https://a.example"] });
    for (const headers of [init.headers, { ...init.headers, origin: "https://a.example" }]) {
      const answer = await fetch(server.url + path, { ...init, ...(headers !== undefined && { headers }) });
      expect(answer.status).toBe(status);
      expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
      const shown = init.method === undefined ? "frame-ancestors 'none'" : null;
      expect(answer.headers.get("content-security-policy")).toBe(shown);
      expect(answer.headers.get("strict-transport-security")).toBeNull();
    }
  });
  test("gRPC answers do not have it", async () => {
    const server = await served();
    const session = http2.connect(server.url);
    onTestFinished(() => session.destroy());
    // The second is left to Connect's adapter.
    for (const more of [{}, { "grpc-encoding": "gzip" }]) {
      const type = { "content-type": "application/grpc", te: "trailers", ...more };
      const stream = session.request({ ":method": "POST", ":path": PATH, ...type });
      const headers = new Promise<http2.IncomingHttpHeaders>((resolve) => stream.once("response", resolve));
      stream.end(Buffer.alloc(5));
      expect((await headers)["content-type"]).toMatch(/^application\/grpc/);
      expect((await headers)["x-content-type-options"]).toBeUndefined();
      stream.close();
    }
  });
});

test("HSTS is sent if it is configured", () => {
  const { of } = new SecurityHeaders(90_000, corsHeaders([]));
  expect(of(undefined)).toEqual(["x-content-type-options", "nosniff", "strict-transport-security", "max-age=90"]);
});

test("the cache of origins is bounded, and excludes unlisted origins", () => {
  const some = new SecurityHeaders(0, corsHeaders(["https://a.example"]));
  expect(some.of("https://a.example")).toBe(some.of("https://a.example"));
  expect(some.of("https://evil.example")).not.toBe(some.of("https://evil.example"));
  const all = new SecurityHeaders(0, corsHeaders(["*"]));
  for (let i = 0; i < 1_000; i++) all.of(`https://${i}.example`);
  expect(all.of("https://0.example")).toBe(all.of("https://0.example"));
  expect(all.of("https://999.example")).not.toBe(all.of("https://999.example"));
});
