// Requests whose messages are compressed, many at once on one connection.
import { once } from "node:events";
import * as http2 from "node:http2";
import { buffer } from "node:stream/consumers";
import { setImmediate as turn } from "node:timers/promises";
import * as zlib from "node:zlib";
import { create, fromBinary, toBinary, toJsonString } from "@bufbuild/protobuf";
import { SourceContextSchema } from "@bufbuild/protobuf/wkt";
import { BEARER, GATE_PATH, gate, sourceOf } from "@protobff/runtime/internal/testing/gate-rig";
import { COMPRESSIONS } from "@protobff/runtime/internal/wire/compressions";
import { frame } from "@protobff/runtime/internal/wire/frame";
import { expect, onTestFinished, test, vi } from "vitest";
import { listen } from "../listen.ts";

/** Of one connection so many begin at most. */
const AHEAD = 8;
const COUNT = 30;
/** Of several pieces of zlib's; the answer quotes the name of a header. */
const nameOf = (at: number) => `x-${at}${"-".repeat(100_000 + at)}`;
const messageOf = (at: number) => create(SourceContextSchema, { fileName: nameOf(at) });

/** A request's headers and body, and what its answer says. */
interface Kind {
  readonly headers: http2.OutgoingHttpHeaders;
  body(at: number): Buffer;
  name(answer: Buffer): string;
}
const web: Kind = {
  headers: {
    "content-type": "application/grpc-web+proto",
    "grpc-encoding": "gzip",
    "grpc-accept-encoding": "identity",
  },
  body: (at) => {
    const framed = frame(zlib.gzipSync(toBinary(SourceContextSchema, messageOf(at))));
    framed[0] = 1;
    return framed;
  },
  name: (answer) => fromBinary(SourceContextSchema, answer.subarray(5, 5 + answer.readUInt32BE(1))).fileName,
};
const json: Kind = {
  headers: { "content-type": "application/json", "content-encoding": "gzip", "accept-encoding": "identity" },
  body: (at) => zlib.gzipSync(toJsonString(SourceContextSchema, messageOf(at))),
  name: (answer) => (JSON.parse(answer.toString()) as { fileName: string }).fileName,
};

async function send(session: http2.ClientHttp2Session, { headers, body, name }: Kind, at: number): Promise<string> {
  const stream = session.request({
    ":method": "POST",
    ":path": GATE_PATH,
    authorization: "Bearer user-ada",
    ...headers,
  });
  stream.end(body(at));
  await once(stream, "response");
  return name(await buffer(stream));
}

test.each([
  ["gRPC-Web", web],
  ["JSON", json],
])(
  "%s: few requests start before the messages of earlier ones are decompressed, and all are answered",
  async (_, kind) => {
    let callCount = 0;
    const { open, ...source } = sourceOf("user", BEARER);
    const counted = async (parts: Parameters<typeof open>[0]) => {
      const opened = await open(parts);
      return { ...opened, owns: (credential: string) => ++callCount > 0 && opened.owns(credential) };
    };
    const made = await gate({ sources: [{ ...source, open: counted }], permit: {} });
    const { url, close } = await listen([made.endpoint], { identity: made.identity });
    const session = http2.connect(url);
    onTestFinished(async () => {
      vi.restoreAllMocks();
      session.destroy();
      await close(0);
      await made.identity.close();
    });
    const [gzip] = COMPRESSIONS;
    if (gzip === undefined) throw new Error("no gzip");
    const decompress = gzip.decompress.bind(gzip);
    const begin = Promise.withResolvers<void>();
    vi.spyOn(gzip, "decompress").mockImplementation((...args) => begin.promise.then(() => decompress(...args)));
    const answers = Array.from({ length: COUNT }, (_, at) => send(session, kind, at));
    await expect.poll(() => callCount).toBe(AHEAD);
    const { promise, resolve } = Promise.withResolvers<void>();
    session.ping(() => resolve());
    await promise; // what was sent before has come
    for (let i = 0; i < 100; i++) await turn();
    expect(callCount).toBe(AHEAD);
    begin.resolve();
    expect(await Promise.all(answers)).toEqual(answers.map((_, at) => expect.stringContaining(nameOf(at))));
  },
);
