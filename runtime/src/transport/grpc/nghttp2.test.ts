// Holds docs/runtime.md#upstream-connections
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { GRPC, H2Upstream, reply } from "../../testing/h2-upstream.ts";
import { frame } from "../../wire/frame.ts";
import type { OutgoingHeaders, ReceivedHeaders } from "../call-headers.ts";
import { GrpcClient, type Http2 } from "./grpc-client.ts";

// Headers as nghttp2 (node:http2) writes and reads them: the same over ours as over it.

const upstream = new H2Upstream();
const clients = new Map<Http2, GrpcClient>();
beforeAll(async () => {
  await upstream.start();
  for (const http2 of ["node", "own"] as const) clients.set(http2, new GrpcClient(upstream.url, { http2 }));
});
afterAll(async () => {
  for (const client of clients.values()) await client.close();
  await upstream.stop();
});

interface Seen {
  readonly headers: ReceivedHeaders;
  readonly trailers: ReceivedHeaders;
  readonly request: ReceivedHeaders;
}
/** Without what is not said in both cases. */
const plain = (headers: ReceivedHeaders): ReceivedHeaders =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => name !== ":status" && name !== "grpc-timeout"));
async function seen(http2: Http2, sent: OutgoingHeaders): Promise<Seen> {
  let request: ReceivedHeaders = {};
  const { answer } = upstream;
  upstream.answer = (received) => {
    request = plain(received.headers);
    answer(received);
  };
  const metadata = await new Promise<Omit<Seen, "request">>((resolve, reject) => {
    clients.get(http2)?.send("/a.B/C", frame(Buffer.from("x")), 60_000, sent, 1, {
      metadata: (headers, trailers) => resolve({ headers: plain(headers), trailers: plain(trailers) }),
      replied: () => {},
      faulted: ({ message }) => reject(new Error(message)),
    });
  });
  upstream.answer = answer;
  return { ...metadata, request };
}

const name = fc
  .string({
    unit: fc.constantFrom(..."abcdefghijklmnopqrstuvwxyz0123456789-_.!#$%&'*+^`|~"),
    minLength: 1,
    maxLength: 20,
  })
  .map((name) => `x${name}`);
const character = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0x21, max: 0x7e }) },
  { weight: 1, arbitrary: fc.integer({ min: 0xa0, max: 0xff }) },
);
const value = fc
  .oneof(fc.array(character, { maxLength: 30 }), fc.array(character, { minLength: 100, maxLength: 600 }))
  .map((codes) => String.fromCharCode(...codes));
const headers = fc.array(fc.tuple(name, value), { maxLength: 8 }).map((all) => Object.fromEntries(all));

test("headers of every kind are sent and received as by Node", async () => {
  await fc.assert(
    fc.asyncProperty(headers, headers, headers, async (sent, first, last) => {
      upstream.answer = (received) =>
        reply(received, received.body, { "grpc-status": "0", ...last }, { ...GRPC, ...first, date: "" });
      const [node, ours] = [await seen("node", sent), await seen("own", sent)];
      expect(ours).toEqual(node);
      for (const [name, value] of Object.entries(sent)) expect(ours.request[name]).toBe(value);
      for (const [name, value] of Object.entries(first)) expect(ours.headers[name]).toBe(value);
      for (const [name, value] of Object.entries(last)) expect(ours.trailers[name]).toBe(value);
      upstream.received.splice(0);
    }),
    { numRuns: Number(process.env.FUZZ_RUNS ?? 300) },
  );
}, 60_000);
