import { once } from "node:events";
import * as http from "node:http";
import * as http2 from "node:http2";
import type { Route } from "@protobff/runtime/internal/identity/routes";
import { expect, onTestFinished, test } from "vitest";
import { type ListenOptions, listen } from "../listen.ts";
import { echoEndpoint } from "../testing/test-echo.ts";

async function serving(
  routes: Readonly<Record<string, Route>>,
  opened: Promise<void> = Promise.resolve(),
  more: ListenOptions = {},
) {
  const faults: unknown[][] = [];
  const identity = { opened, routes: new Map(Object.entries(routes)) };
  const fault = (...reports: unknown[]): void => void faults.push(reports);
  const up = await listen([echoEndpoint()], { identity, fault, corsOrigins: ["https://app.example"], ...more });
  onTestFinished(() => up.close(0));
  return { ...up, port: up.port, faults };
}
interface Answered {
  readonly status: number | undefined;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}
async function sendH1(port: number, method: string, path: string, body = ""): Promise<Answered> {
  const request = http.request({ host: "127.0.0.1", port, method, path, agent: false });
  request.end(body);
  const [response] = (await once(request, "response")) as [http.IncomingMessage];
  const chunks: Buffer[] = await response.toArray();
  return { status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks).toString() };
}
async function sendH2(port: number, method: string, path: string, body = ""): Promise<Answered> {
  const session = http2.connect(`http://127.0.0.1:${port}`);
  try {
    const stream = session.request({ ":method": method, ":path": path });
    if (!stream.writableEnded) stream.end(body);
    const [headers] = (await once(stream, "response")) as [http2.IncomingHttpHeaders];
    const chunks: Buffer[] = await stream.toArray();
    return { status: Number(headers[":status"]), headers, body: Buffer.concat(chunks).toString() };
  } finally {
    session.destroy();
  }
}

const login: Route = async ({ method, query, headers, body }) => ({
  status: method === "POST" ? 200 : 302,
  headers: ["location", query.get("to") ?? "", "set-cookie", "a=1", "set-cookie", "b=2"],
  body: `${headers.peer.address} ${headers.all("host").length} ${Buffer.from(await body(100)).toString()}`,
});

test.each([
  ["HTTP/1.1", sendH1],
  ["HTTP/2", sendH2],
])("the path of a source is served, %s", async (_, send) => {
  const { port, faults } = await serving({
    "/auth/login": login,
    "/auth/broken": () => {
      throw new Error("secret");
    },
    "/auth/unsendable": () => ({ status: 302, headers: ["set-cookie", "a=1", "location", "/\u65e5"] }),
    "/auth/cached": () => ({ status: 200, headers: ["cache-control", "max-age=60", "content-type", "text/plain"] }),
  });
  const answer = await send(port, "GET", "/auth/login?to=%2Fhome");
  expect(answer).toMatchObject({ status: 302, headers: { location: "/home", "cache-control": "no-store" } });
  expect(answer.headers["set-cookie"]).toEqual(["a=1", "b=2"]);
  expect((await send(port, "POST", "/auth/login", "word")).body).toMatch(/^127\.0\.0\.1 [01] word$/);
  expect((await send(port, "GET", "/auth/cached")).headers["cache-control"]).toBe("max-age=60");
  expect(await send(port, "POST", "/auth/login", "x".repeat(101))).toMatchObject({ status: 413, body: "" });
  expect(await send(port, "POST", "/auth/login", "x".repeat(1_000_000))).toMatchObject({ status: 413 });
  expect(faults).toEqual([]);
  expect(await send(port, "GET", "/auth/broken")).toMatchObject({ status: 500, body: "" });
  expect(faults).toEqual([["cannot answer /auth/broken", new Error("secret")]]);
  expect(answer.headers["x-content-type-options"]).toBe("nosniff");
  const unsendable = await send(port, "GET", "/auth/unsendable");
  expect(unsendable).toMatchObject({ status: 500, body: "" });
  expect(unsendable.headers).not.toHaveProperty("set-cookie");
  expect(faults[1]).toEqual(["cannot answer /auth/unsendable", expect.any(TypeError)]);
  expect((await send(port, "GET", "/auth/login/")).status).toBe(404);
  expect((await send(port, "GET", "/healthz")).body).toBe("ok\n");
});

test("an incomplete body ends in time, and others are served meanwhile", async () => {
  const ends: PromiseSettledResult<Uint8Array>[] = [];
  const { port, url } = await serving(
    {
      "/auth/out": async ({ body }) => {
        ends.push(...(await Promise.allSettled([body(100)])));
        return { status: 400 };
      },
      "/auth/me": () => ({ status: 200 }),
    },
    undefined,
    { requestTimeoutMs: 300 },
  );
  const session = http2.connect(url);
  onTestFinished(() => session.destroy());
  const stream = session.request({ ":method": "POST", ":path": "/auth/out" });
  stream.on("error", () => {});
  stream.write("logout_token=");
  const request = http.request({ host: "127.0.0.1", port, method: "POST", path: "/auth/out", agent: false });
  request.on("error", () => {});
  request.setHeader("content-length", 50);
  request.write("logout_token=");
  const closed = Promise.all([once(stream, "response"), once(request, "close")]);
  for (let i = 0; i < 3; i++) expect((await sendH2(port, "GET", "/auth/me")).status).toBe(200);
  expect((await closed)[0][0][":status"]).toBe(400);
  expect(ends.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
});

test("scripts of other origins cannot read the answers", async () => {
  const { url } = await serving({ "/auth/me": () => ({ status: 200, body: "{}" }) });
  const response = await fetch(`${url}/auth/me`, { headers: { origin: "https://app.example" } });
  expect(response.headers.get("access-control-allow-origin")).toBeNull();
});

test("the server is not ready before its sources are, nor while draining", async () => {
  const { promise: opened, resolve: open } = Promise.withResolvers<void>();
  const up = await serving({}, opened);
  const { port } = up;
  expect(await sendH1(port, "GET", "/readyz")).toMatchObject({ status: 503, body: "starting\n" });
  expect((await sendH1(port, "GET", "/healthz")).status).toBe(200);
  open();
  await opened;
  await new Promise(setImmediate);
  expect(await sendH1(port, "GET", "/readyz")).toMatchObject({ status: 200, body: "ok\n" });
});
