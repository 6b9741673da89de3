// Requests over Connect's adapter and over the fast path: both read a field in another wire type as unknown.
import { afterEach, describe, expect, test } from "vitest";
import { listen } from "../listen.ts";
import { kindEndpoint, PATH } from "../testing/test-kinds.ts";

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

const NAME = Buffer.from("0a036b6579", "hex"); // file_name: "key"
/** `file_name` (1) is a text; here it is a varint, which protobuf-es takes for the length of a text. */
const MISREAD = Buffer.from("080361646d", "hex");
const UNREADABLE: readonly (readonly [string, string])[] = [
  ["a text longer than the message", "0a0561"],
  ["a length of 2^32", "0a8080808010"],
  ["a tag above 2^32", "8a8080801000"],
];

async function both(): Promise<readonly string[]> {
  const servers = await Promise.all(
    [false, true].map((slow) => listen([kindEndpoint(slow)], { port: 0, host: "127.0.0.1" })),
  );
  closing.push(
    ...servers.map(
      ({ close }) =>
        () =>
          close(0),
    ),
  );
  return servers.map(({ url }) => url);
}
const framed = (bytes: Uint8Array): Buffer => {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
};
type Send = (url: string, bytes: Buffer) => Promise<Response>;
const post =
  (type: string, body: (bytes: Buffer) => Buffer): Send =>
  (url, bytes) =>
    fetch(url + PATH, { method: "POST", headers: { "content-type": type }, body: new Uint8Array(body(bytes)) });
const WAYS: Readonly<Record<string, Send>> = {
  "Connect's POST": post("application/proto", (bytes) => bytes),
  "gRPC-Web": post("application/grpc-web+proto", framed),
};

describe.each(Object.keys(WAYS))("over %s", (way) => {
  const send = WAYS[way] as Send;
  test("a field in another wire type is unknown", async () => {
    const answers = [];
    for (const url of await both()) {
      const answer = await send(url, Buffer.concat([NAME, Buffer.from("0805", "hex")]));
      answers.push(Buffer.from(await answer.arrayBuffer()).includes("key"));
      const misread = await send(url, MISREAD);
      answers.push(Buffer.from(await misread.arrayBuffer()).includes("adm"));
    }
    expect(answers).toEqual([true, false, true, false]);
  });
  test.each(UNREADABLE)("%s is refused", async (_, hex) => {
    for (const url of await both()) {
      const answer = await send(url, Buffer.from(hex, "hex"));
      const text = `${answer.status} ${answer.headers.get("grpc-status")} ${await answer.text()}`;
      expect(text).toMatch(/^400|grpc-status: 3|^200 3/);
    }
  });
});
