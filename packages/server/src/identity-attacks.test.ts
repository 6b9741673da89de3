// Ways around the gate that clients, proxies and servers of one's own have in the protocols: by the path, by headers, by one another.

import { once } from "node:events";
import * as http from "node:http";
import * as http2 from "node:http2";
import * as net from "node:net";
import { toBinary } from "@bufbuild/protobuf";
import { SourceContextSchema } from "@bufbuild/protobuf/wkt";
import { createClient, createContextValues } from "@connectrpc/connect";
import { connectNodeAdapter, createConnectTransport } from "@connectrpc/connect-node";
import {
  BEARER,
  GATE_PATH,
  type GateOptions,
  GateService,
  gate,
  sourceOf,
} from "@protobff/runtime/internal/testing/gate-rig";
import { unlessFailure } from "@protobff/runtime/internal/testing/unless-failure";
import { frame } from "@protobff/runtime/internal/wire/frame";
import fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import { type ListenOptions, listen } from "./listen.ts";

const SOURCES = [sourceOf("user", BEARER), sourceOf("browser", { kind: "cookie", name: "__Host-session" })];
async function served(isFast: boolean, options: Partial<GateOptions> = {}, listening: ListenOptions = {}) {
  const rig = await gate({ sources: SOURCES, ...options });
  const { method, route } = rig.endpoint;
  const up = await listen([isFast ? rig.endpoint : { method, route }], listening);
  onTestFinished(() => up.close(0));
  return { ...rig, port: up.port, url: up.url };
}

interface Written {
  readonly method?: string;
  readonly target?: string;
  readonly headers?: readonly string[];
  readonly body?: string;
}
/** What a server answers to these bytes, until it closes. */
async function answerTo(
  port: number,
  { method = "POST", target = GATE_PATH, headers = [], body = "{}" }: Written,
): Promise<string> {
  const socket = net.connect(port, "127.0.0.1");
  socket.on("error", () => {});
  const length = headers.some((header) => /^transfer-encoding/i.test(header)) ? [] : [`Content-Length: ${body.length}`];
  const head = [`${method} ${target} HTTP/1.1`, "Host: a.example", "Content-Type: application/json", ...length];
  socket.write(Buffer.from([...head, "Connection: close", ...headers, "", body].join("\r\n"), "latin1"));
  const chunks: Buffer[] = await socket.toArray();
  return Buffer.concat(chunks).toString("latin1");
}
const statusOf = (answer: string): number => Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1]);

describe.each([
  ["the fast path", true],
  ["Connect's adapter", false],
])("attacks on %s", (_, isFast) => {
  const encoded = GATE_PATH.replace("Get", "%47et");
  test.each<[string, Written]>([
    ["another case", { target: GATE_PATH.toLowerCase() }],
    ["a slash at the end", { target: `${GATE_PATH}/` }],
    ["two slashes", { target: `/${GATE_PATH}` }],
    ["a way back", { target: `/x/..${GATE_PATH}` }],
    ["an encoded letter", { target: encoded }],
    ["an encoded slash", { target: GATE_PATH.replace("/Get", "%2fGet") }],
    ["a parameter of a segment", { target: `${GATE_PATH};x=1` }],
    ["a query", { target: `${GATE_PATH}?x=1` }],
    ["a fragment", { target: `${GATE_PATH}#x` }],
    ["a backslash", { target: GATE_PATH.replace("/Get", "\\Get") }],
    ["an absolute target", { target: `http://a.example${GATE_PATH}` }],
    ["HEAD", { method: "HEAD" }],
    ["OPTIONS", { method: "OPTIONS" }],
    ["PUT", { method: "PUT" }],
    ["another method said in a header", { headers: ["X-HTTP-Method-Override: GET"] }],
    ["a GET", { method: "GET", target: `${GATE_PATH}?connect=v1&encoding=json&message=%7B%7D`, body: "" }],
    ["a GET in base64", { method: "GET", target: `${GATE_PATH}?encoding=json&base64=1&message=e30`, body: "" }],
    [
      "a GET with two messages",
      { method: "GET", target: `${GATE_PATH}?encoding=json&message=%7B%7D&message=`, body: "" },
    ],
    ["a GET with an encoded name", { method: "GET", target: `${GATE_PATH}?%65ncoding=json&message=%7B%7D`, body: "" }],
    ["gRPC-Web", { headers: ["Content-Type: application/grpc-web+proto"], body: "\0\0\0\0\0" }],
    ["gRPC-Web as text", { headers: ["Content-Type: application/grpc-web-text"], body: "AAAAAAA=" }],
    ["a step up to HTTP/2", { headers: ["Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__", "Connection: Upgrade"] }],
    ["an expectation", { headers: ["Expect: 100-continue"] }],
    [
      "a credential in a trailer",
      {
        headers: ["Transfer-Encoding: chunked", "Trailer: Authorization"],
        body: "2\r\n{}\r\n0\r\nAuthorization: Bearer user-eve\r\n\r\n",
      },
    ],
    ["a credential in a folded line", { headers: ["X-A: 1", " Authorization: Bearer user-eve"] }],
    ["a credential with a space before its colon", { headers: ["Authorization : Bearer user-eve"] }],
    [
      "a cookie of a name that is nearly the session's",
      { headers: ["X-CSRF: 1", "Cookie: \u00a0__Host-session=browser-eve"] },
    ],
    ["a cookie behind a form feed", { headers: ["X-CSRF: 1", "Cookie: a=1;\u0085__Host-session=browser-eve"] }],
    ["a cookie within another's quotes, half of it", { headers: ["X-CSRF: 1", 'Cookie: a="; __Host-session =; b="'] }],
  ])("no attack bypasses %s", async (__, written) => {
    const { port, seen } = await served(isFast, {}, { corsOrigins: ["*"] });
    expect(statusOf(await answerTo(port, written))).not.toBe(200);
    expect(seen).toEqual([]);
    expect(statusOf(await answerTo(port, { headers: ["authorization: Bearer user-ann"] }))).toBe(200);
    expect(seen).toMatchObject([{ subject: "ann" }]);
  });

  test("a preflight is not composed, whatever its headers", async () => {
    const { port, seen } = await served(isFast, {}, { corsOrigins: ["https://app.example"] });
    const headers = [
      "Origin: https://app.example",
      "Access-Control-Request-Method: POST",
      "Authorization: Bearer user-ann",
    ];
    const answer = await answerTo(port, { method: "OPTIONS", headers });
    expect(statusOf(answer)).toBe(204);
    expect(answer).not.toMatch(/access-control-allow-credentials/i);
    expect(seen).toEqual([]);
  });

  test("all headers count or none, however many precede them", async () => {
    const { port, seen } = await served(isFast, { permit: { public: true } }, { trustedProxies: ["127.0.0.1"] });
    for (const count of [0, 900, 991, ...Array.from({ length: 40 }, (__, i) => 992 + i), 1100, 2100, 4000]) {
      const headers = [
        ...Array<string>(count).fill("a:"),
        "X-Forwarded-For: 192.0.2.1",
        "Authorization: Bearer user-ann",
      ];
      const before = seen.length;
      const status = statusOf(await answerTo(port, { headers }));
      expect([200, 431]).toContain(status);
      expect(seen.slice(before)).toMatchObject(status === 200 ? [{ subject: "ann", address: "192.0.2.1" }] : []);
    }
    expect(seen.length).toBeGreaterThan(2);
  });

  test("two callers on one HTTP/2 connection are never confused", async () => {
    const released = Promise.resolve().then(() => new Promise<void>((resolve) => setImmediate(resolve)));
    const sources = [sourceOf("user", BEARER, { released }), SOURCES[1]].flatMap((sourceSpec) => sourceSpec ?? []);
    const { url } = await served(isFast, { sources });
    const session = http2.connect(url);
    onTestFinished(() => session.destroy());
    const send = async ({ who, how, protocol }: { who: string; how: string; protocol: string }): Promise<void> => {
      const body = JSON.stringify({ fileName: "authorization,cookie,x-who" });
      const message = toBinary(SourceContextSchema, {
        $typeName: "google.protobuf.SourceContext",
        fileName: "authorization,cookie,x-who",
      });
      const credential =
        how === "cookie"
          ? { cookie: ["a=1", `__Host-session=browser-${who}`], "x-csrf": "1" }
          : {
              authorization: `Bearer user-${how === "slow" ? "slow" : ""}${who}`,
              [http2.sensitiveHeaders]: ["authorization"],
            };
      const isGet = protocol === "get";
      const path = isGet ? `${GATE_PATH}?encoding=json&message=${encodeURIComponent(body)}` : GATE_PATH;
      const stream = session.request({
        ":method": isGet ? "GET" : "POST",
        ":path": path,
        "x-who": who,
        ...credential,
        ...(!isGet && { "content-type": protocol === "grpc" ? "application/grpc" : "application/json" }),
      });
      stream.end(isGet ? undefined : protocol === "grpc" ? frame(message) : body);
      const chunks: Buffer[] = await stream.toArray();
      const text = Buffer.concat(chunks).toString();
      const subject = how === "slow" ? `slow${who}` : who;
      const headers = { authorization: null, cookie: null, "x-who": who };
      const { fileName } = JSON.parse(
        protocol === "grpc" ? JSON.stringify({ fileName: text.slice(text.indexOf("{")) }) : text,
      );
      expect(JSON.parse(fileName)).toMatchObject({ subject, headers });
    };
    const request = fc.record({
      who: fc.constantFrom("ann", "eve"),
      how: fc.constantFrom("token", "slow", "cookie"),
      protocol: fc.constantFrom("json", "grpc", "get"),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(request, { minLength: 2, maxLength: 60 }), async (requests) => {
        await Promise.all(requests.map(send));
      }),
      { numRuns: 20 },
    );
  }, 30_000);
});

test("a custom server with the same values for all requests confuses no callers", async () => {
  const gates = new Map<string, () => void>();
  const rig = await gate({
    sources: [
      {
        name: "user",
        open: async (parts) => {
          const source = await sourceOf("user", BEARER).open(parts);
          return {
            ...source,
            verify: async (credential, incoming) => {
              await new Promise<void>((resolve) => gates.set(credential, resolve));
              return unlessFailure(await source.verify(credential, incoming));
            },
          };
        },
      },
    ],
  });
  const values = createContextValues();
  const server = http.createServer(connectNodeAdapter({ routes: rig.endpoint.route, contextValues: () => values }));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const baseUrl = `http://127.0.0.1:${(server.address() as net.AddressInfo).port}`;
  const client = createClient(GateService, createConnectTransport({ baseUrl, httpVersion: "1.1" }));
  const send = async (who: string): Promise<unknown> =>
    JSON.parse((await client.get({ fileName: "" }, { headers: { authorization: `Bearer user-${who}` } })).fileName);
  const answers = [send("ann"), send("eve")];
  await expect.poll(() => gates.size).toBe(2);
  for (const release of gates.values()) release();
  expect(await Promise.all(answers)).toMatchObject([{ subject: "ann" }, { subject: "eve" }]);
});
