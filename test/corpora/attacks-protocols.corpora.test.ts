// Types, codings, flags and methods that no client of the protocols sends, and those that RFC 9110 allows.
// Holds docs/edge.md#protocols
import * as http from "node:http";
import { expect, test } from "vitest";
import { ATTACK_MS, attacked, described, expectUnharmed, type Target } from "./attacks/rig.ts";

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
