import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import * as http from "node:http";
import * as v8 from "node:v8";
import { runInNewContext } from "node:vm";
import { create, toBinary } from "@bufbuild/protobuf";
import { SourceContextSchema } from "@bufbuild/protobuf/wkt";
import { H2Upstream, reply } from "@protobff/runtime/internal/testing/h2-upstream";
import { GrpcClient } from "@protobff/runtime/internal/transport/grpc/grpc-client";
import type { Reply } from "@protobff/runtime/internal/transport/unary-client";
import { frame } from "@protobff/runtime/internal/wire/frame";
import { afterEach, beforeEach, expect, test } from "vitest";
import { listen } from "../listen.ts";
import { kindEndpoint, PATH } from "../testing/test-kinds.ts";

// A closed stream may stay in memory until the next full collection. The reason: node:http2 keeps its streams in a Map,
// and a discarded table of V8 still references its former entries. These tests keep the stream for certain. The objects
// of its call must be collected nevertheless.

v8.setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

const OPENED = ["http2.client.stream.created", "http2.server.stream.created", "http.server.request.start"];
const kept: unknown[] = [];
const keep = (message: unknown): void => void kept.push(message);
beforeEach(() => {
  for (const name of OPENED) subscribe(name, keep);
});
afterEach(() => {
  for (const name of OPENED) unsubscribe(name, keep);
  kept.splice(0);
});

async function gone(refs: readonly WeakRef<object>[]): Promise<boolean> {
  for (let round = 0; round < 50; round++) {
    await new Promise(setImmediate);
    collect();
    if (refs.every((ref) => ref.deref() === undefined)) return true;
  }
  return false;
}

/** Resolves with a weak reference to the receiver of the answer. */
async function send(client: GrpcClient, path: string, message: Uint8Array): Promise<WeakRef<Reply>> {
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
  const reply: Reply = { replied: resolve, faulted: (fault) => reject(new Error(fault.message)) };
  client.send(path, frame(message), 10_000, undefined, 1, reply);
  await promise;
  return new WeakRef(reply);
}

test.each(["node", "own"] as const)("a client's closed stream releases its call (%s HTTP/2)", async (kind) => {
  const upstream = await new H2Upstream((received) => reply(received, received.body)).start();
  const client = new GrpcClient(upstream.url, { http2: kind });
  const replies: WeakRef<Reply>[] = [];
  for (let i = 0; i < 3; i++) replies.push(await send(client, "/a.B/C", Buffer.from("hello")));
  expect(kept.length).toBeGreaterThan(0);
  expect(await gone(replies)).toBe(true);
  await client.close();
  await upstream.stop();
});

test.each([
  ["HTTP/2", "node"],
  ["HTTP/2", "own"],
  ["HTTP/1.1", undefined],
] as const)("a server's closed stream releases its call (%s, %s)", async (version, http2Server) => {
  const endpoint = kindEndpoint(false);
  const calls: WeakRef<object>[] = [];
  const run: typeof endpoint.run = (args, headers, ...rest) => {
    calls.push(new WeakRef(headers));
    return endpoint.run?.(args, headers, ...rest) ?? { cancel: () => {} };
  };
  const server = await listen([{ ...endpoint, run }], { ...(http2Server && { http2Server }) });
  const message = create(SourceContextSchema, { fileName: "it" });
  if (version === "HTTP/2") {
    const client = new GrpcClient(server.url);
    await send(client, PATH, toBinary(SourceContextSchema, message));
    await client.close();
  } else {
    const headers = { "content-type": "application/proto", "connect-protocol-version": "1" };
    const request = http.request(server.url + PATH, { method: "POST", headers, agent: false });
    request.end(toBinary(SourceContextSchema, message));
    const [response] = (await once(request, "response")) as [http.IncomingMessage];
    expect(response.statusCode).toBe(200);
    await response.toArray();
  }
  expect(calls.length).toBe(1);
  expect(kept.length > 0).toBe(http2Server !== "own");
  expect(await gone(calls)).toBe(true);
  await server.close(0);
});
