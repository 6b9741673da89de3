// Holds docs/runtime.md#server
import { expect, it, onTestFinished } from "vitest";
import { listen } from "../listen.ts";
import { echoEndpoint } from "../testing/test-echo.ts";

async function call(corsOrigins: string[], init: RequestInit): Promise<Response> {
  const server = await listen([echoEndpoint()], { corsOrigins });
  onTestFinished(() => server.close(0));
  return fetch(`${server.url}/echo.v1.EchoService/Echo`, init);
}

function preflight(origin: string): RequestInit {
  return {
    method: "OPTIONS",
    headers: {
      origin,
      "access-control-request-method": "POST",
      "access-control-request-headers": "authorization,content-type",
    },
  };
}

function post(origin: string): RequestInit {
  return { method: "POST", headers: { origin, "content-type": "application/json" }, body: '"hello"' };
}

it("the preflight of a listed origin is answered", async () => {
  const response = await call(["https://a.example", "https://b.example"], preflight("https://b.example"));
  expect(response.status).toBe(204);
  expect(response.headers.get("access-control-allow-origin")).toBe("https://b.example");
  expect(response.headers.get("access-control-allow-methods")).toBe("POST, GET, PUT, PATCH, DELETE");
  expect(response.headers.get("access-control-allow-headers")).toBe("authorization,content-type");
  expect(response.headers.get("vary")).toBe("origin");
});

it("scripts of a listed origin may read the response and its exposed headers", async () => {
  const response = await call(["https://a.example"], post("https://a.example"));
  expect(await response.text()).toBe('"hello"');
  expect(response.headers.get("access-control-allow-origin")).toBe("https://a.example");
  const exposed = (response.headers.get("access-control-expose-headers") ?? "").toLowerCase().split(", ");
  expect(exposed).toEqual(expect.arrayContaining(["grpc-status", "grpc-message", "bff-degraded"]));
});

it("scripts may also read the headers that rpcs compute for their answers, each named once", async () => {
  const named = { ...echoEndpoint(), headerNames: ["x-cost", "x-total-count", "x-cost"] };
  const server = await listen([named], { corsOrigins: ["https://a.example"] });
  onTestFinished(() => server.close(0));
  const response = await fetch(`${server.url}/echo.v1.EchoService/Echo`, post("https://a.example"));
  // Fetch: a list of field names (RFC 9110, 5.1), separated by commas.
  const exposed = (response.headers.get("access-control-expose-headers") ?? "").split(",").map((name) => name.trim());
  expect(exposed.filter((name) => !/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name))).toEqual([]);
  expect(exposed.filter((name) => name === "x-cost")).toHaveLength(1);
  expect(exposed).toEqual(expect.arrayContaining(["Grpc-Status", "etag", "x-total-count"]));
});

it("other origins get no CORS headers", async () => {
  for (const init of [preflight("https://evil.example"), post("https://evil.example")]) {
    const response = await call(["https://a.example"], init);
    expect([...response.headers.keys()].filter((name) => name.startsWith("access-control"))).toEqual([]);
    expect(response.headers.get("vary")).toBe("origin");
  }
});

it("every origin is allowed with *", async () => {
  const response = await call(["*"], post("https://any.example"));
  expect(response.headers.get("access-control-allow-origin")).toBe("*");
  expect(response.headers.get("vary")).toBeNull();
});

it("CORS is off by default", async () => {
  const response = await call([], preflight("https://a.example"));
  expect(response.status).toBe(405);
  expect(response.headers.get("access-control-allow-origin")).toBeNull();
});
