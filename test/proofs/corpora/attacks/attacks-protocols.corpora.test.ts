// Types, codings, flags, methods and hosts that no client of the protocols sends, and those that RFC 9110 allows.
// Holds docs/edge.md#protocols
// Holds docs/edge.md#hosts
import * as http from "node:http";
import * as http2 from "node:http2";
import * as net from "node:net";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { headersOf, messageOf, toolCall } from "../../../features/mcp/raw-client.ts";
import { ATTACK_MS, attacked, described, expectUnharmed, type Target } from "./rig/rig.ts";

const PATH = "/atk.v1.AtkService/Fast";
const JSON_BODY = '{"id":"a"}';
const FRAMED = ["application/grpc-web", "application/grpc-web+proto", "application/grpc-web+json"];

interface Sent {
  readonly method?: string;
  readonly path?: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}
function send({ port }: Target, { method = "POST", path = PATH, headers, body = JSON_BODY }: Sent) {
  const { promise, resolve, reject } = Promise.withResolvers<{
    status: number;
    headers: http.IncomingHttpHeaders;
    text: string;
  }>();
  const request = http.request({ port, host: "127.0.0.1", method, path, headers, agent: false }, (response) => {
    response.toArray().then((chunks) => {
      const { statusCode: status = 0, headers } = response;
      resolve({ status, headers, text: Buffer.concat(chunks as Buffer[]).toString("latin1") });
    }, reject);
  });
  request.on("error", reject).end(method === "GET" ? undefined : body);
  return promise;
}

const LONG = 15_000;
const REFUSED_TYPES = [
  "application/json; charset=latin1",
  'application/json; charset="utf-16"',
  "application/json; charset=utf-8; charset=latin1",
  "application/json, text/plain",
  "application/json charset=utf-8",
  'application/json; charset="utf-8',
  "text/json",
  `application/json${";".repeat(LONG)}`,
  `application/json${" ".repeat(LONG)};charset=latin1`,
  `application/json;a="${'\\"'.repeat(LONG / 2)}`,
];
const ACCEPTED_TYPES = [
  "Application/JSON",
  "application/json;",
  'application/json ;\tCharset="UTF-8"',
  'application/json; a="; charset=latin1"',
];

test("content types are read by their grammar", async () => {
  const outcome = await attacked(async (target) => {
    const refused: number[] = [];
    const until = performance.now() + ATTACK_MS;
    do
      for (const type of REFUSED_TYPES)
        refused.push((await send(target, { headers: { "content-type": type } })).status);
    while (performance.now() < until);
    const accepted: number[] = [];
    for (const type of ACCEPTED_TYPES)
      accepted.push((await send(target, { headers: { "content-type": type } })).status);
    return { refused: [...new Set(refused)], accepted };
  });
  console.log(described("content types", outcome));
  expectUnharmed(outcome);
  const { refused, accepted } = outcome.result;
  expect(refused).toEqual([415]);
  expect(accepted).toEqual(ACCEPTED_TYPES.map(() => 200));
}, 60_000);

test("frames with unknown flags are refused", async () => {
  const outcome = await attacked(async (target) => {
    const statuses = new Set<string>();
    for (const type of FRAMED)
      for (const flags of [2, 3, 0x40, 0x80, 0x81, 0xff]) {
        const body = Buffer.concat([Buffer.from([flags, 0, 0, 0, JSON_BODY.length]), Buffer.from(JSON_BODY)]);
        const { status, text } = await send(target, { headers: { "content-type": type }, body });
        statuses.add(`${status} ${/grpc-status: ?(\d+)/.exec(text)?.[1]} ${text.includes("invalid envelope flags")}`);
      }
    return statuses;
  });
  console.log(described("unknown flags", outcome));
  expectUnharmed(outcome);
  expect([...outcome.result]).toEqual(["200 3 true"]);
}, 60_000);

test("long lists of types and codings cost no more than short ones", async () => {
  const lists: Sent["headers"][] = [
    { accept: "a,".repeat(LONG / 2) },
    { accept: `${"text/event-stream;q=0,".repeat(LONG / 22)}` },
    { "accept-encoding": "a;q=0.1,".repeat(LONG / 8) },
    { "accept-encoding": ",".repeat(LONG) },
  ];
  const outcome = await attacked(async (target) => {
    const statuses = new Set<number>();
    let requests = 0;
    for (const until = performance.now() + ATTACK_MS; performance.now() < until; requests++) {
      const list = lists[requests % lists.length] ?? {};
      statuses.add((await send(target, { headers: { "content-type": "application/json", ...list } })).status);
    }
    const other = await send(target, { method: "PUT", headers: { "content-type": "application/json" } });
    return { statuses: [...statuses], allow: [other.status, other.headers.allow] };
  });
  console.log(described("long lists", outcome));
  expectUnharmed(outcome);
  expect(outcome.result).toEqual({ statuses: [200], allow: [405, expect.stringContaining("POST")] });
}, 60_000);

// ---- hosts ----

const CALL = "/hst.v1.HstService/Call";
const KEY = '{"key":"k"}';

/** The status line's number, and the rest of the answer. */
async function sendRaw(port: number, host: string, target = CALL, lines = "", body = KEY): Promise<string> {
  const socket = net.connect(port, "127.0.0.1").setTimeout(20_000, () => socket.destroy());
  const type = `content-type: application/json\r\ncontent-length: ${body.length}\r\nconnection: close\r\n`;
  socket.write(`POST ${target} HTTP/1.1\r\n${host}${lines}${type}\r\n${body}`);
  return (await text(socket)).replace(/^HTTP\/1.1 /, "");
}
const named = (host: string): string => `host: ${host}\r\n`;
const RIGHT = named("shop.example");
const EVIL = named("evil.example");

const SERVED: Readonly<Record<string, readonly [host: string, target?: string]>> = {
  "the right host": [RIGHT],
  "with a port": [named("shop.example:8080")],
  "in upper case": [named("SHOP.Example")],
  "with a dot at its end": [named("shop.example.")],
  "of two labels in place of *": [named("a.b.stores.example")],
  "in an absolute target": [EVIL, `http://shop.example${CALL}`],
};
const REFUSED: Readonly<Record<string, readonly [host: string, target?: string, lines?: string]>> = {
  ...Object.fromEntries(
    [
      ...["evil.example", "shop.example.evil.example", "evilshop.example", "stores.example", "xn--shop.example"],
      ...["x.stores.example.evil.example", "shop.example@evil.example", "evil.example#shop.example", "[::1]"],
      ...["shop.example,evil.example", "shop.example evil", "shop.example:80:80", "shop.example%00.evil", "127.0.0.1"],
      ...["", "shop%2eexample", "*.stores.example", ".stores.example", "a..stores.example", "-.stores.example/x"],
    ].map((name) => [`the host "${name}"`, [named(name)] as const]),
  ),
  "another host in an absolute target": [RIGHT, `http://evil.example${CALL}`],
  "a user in an absolute target": [RIGHT, `http://shop.example@evil.example${CALL}`],
  "forwarded hosts": [EVIL, CALL, "x-forwarded-host: shop.example\r\nforwarded: host=shop.example\r\n"],
  "two hosts": [RIGHT + EVIL],
  "no host": [""],
};

/** Authorities of one HTTP/2 connection, in turn, with whether each is served. */
const AUTHORITIES: readonly (readonly [headers: http2.OutgoingHttpHeaders, served: boolean])[] = [
  [{ ":authority": "shop.example" }, true],
  [{ ":authority": "evil.example" }, false],
  [{ ":authority": "evil.example", host: "shop.example" }, false],
  [{ host: "evil.example" }, false],
  [{ ":authority": "shop.example@evil.example" }, false],
  [{ ":authority": "" }, false],
  [{ ":authority": "a.stores.example" }, true],
];
async function overOne({ url }: Target): Promise<readonly boolean[]> {
  const session = http2.connect(url).on("error", () => {});
  const served: boolean[] = [];
  for (const [headers] of AUTHORITIES) {
    const json = { ":method": "POST", ":path": CALL, "content-type": "application/json", ...headers };
    const stream = session.request(json).on("error", () => {});
    stream.end(KEY);
    const chunks: Buffer[] = [];
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    await new Promise((resolve) => stream.once("close", resolve));
    served.push(Buffer.concat(chunks).toString() === KEY);
  }
  session.destroy();
  return served;
}

async function tool(port: number, host: string, target?: string): Promise<boolean> {
  const call = toolCall("call", { key: "k" });
  const lines = Object.entries(headersOf(call)).filter(([name]) => name !== "content-type");
  const more = lines.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  return (await sendRaw(port, host, target ?? "/mcp", more, JSON.stringify(messageOf(call)))).includes(
    '"structuredContent"',
  );
}

test("requests to other hosts are refused in every form, and those to the right ones are served", async () => {
  const outcome = await attacked(
    async (target) => {
      const { port } = target;
      const refused: Record<string, string> = {};
      for (const until = performance.now() + ATTACK_MS; performance.now() < until; )
        for (const [name, row] of Object.entries(REFUSED)) refused[name] = (await sendRaw(port, ...row)).slice(0, 3);
      const served: Record<string, string> = {};
      for (const [name, row] of Object.entries(SERVED)) served[name] = (await sendRaw(port, ...row)).slice(0, 3);
      const tools = [
        await tool(port, RIGHT),
        await tool(port, EVIL),
        await tool(port, RIGHT, "http://evil.example/mcp"),
      ];
      return { refused, served, authorities: await overOne(target), tools };
    },
    { server: "hst", normal: { path: CALL, body: KEY, headers: { host: "shop.example" } } },
  );
  console.log(described("other hosts", { ...outcome, result: Object.keys(outcome.result.refused).length }));
  expectUnharmed(outcome);
  const { refused, served, authorities, tools } = outcome.result;
  expect(Object.entries(refused).filter(([, status]) => !["400", "404", "421"].includes(status))).toEqual([]);
  expect(served).toEqual(Object.fromEntries(Object.keys(SERVED).map((name) => [name, "200"])));
  expect(authorities).toEqual(AUTHORITIES.map(([, isServed]) => isServed));
  expect(tools).toEqual([true, false, false]);
}, 60_000);
