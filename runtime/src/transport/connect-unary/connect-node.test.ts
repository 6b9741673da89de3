// The client of upstreams over Connect against a server of another maker, connect-node.
// Holds docs/runtime.md#upstreams-over-connect
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import {
  Code as ConnectCode,
  ConnectError,
  createClient,
  decodeBinaryHeader,
  encodeBinaryHeader,
  type HandlerContext,
} from "@connectrpc/connect";
import { type ConnectNodeAdapterOptions, compressionBrotli, connectNodeAdapter } from "@connectrpc/connect-node";
import { expect, onTestFinished, test } from "vitest";
import { Code, type Fault } from "../../failure.ts";
import { type GetRequest, GetRequestSchema, ThingSchema, Upstream } from "../../testing/gen/test_pb.ts";
import { frame } from "../../wire/frame.ts";
import { connectTransport } from "../connect/connect-transport.ts";
import type { InFlight } from "../unary-client.ts";
import { ConnectClient } from "./connect-client.ts";

type Thing = MessageInitShape<typeof ThingSchema>;
type Get = (request: GetRequest, context: HandlerContext) => Thing | Promise<Thing>;

/** Returns a client of a server that answers until the test is over. */
async function served(get: Get, options: Partial<ConnectNodeAdapterOptions> = {}): Promise<ConnectClient> {
  const routes: ConnectNodeAdapterOptions["routes"] = (router) => void router.rpc(Upstream.method.get, get);
  // The server speaks only Connect, and refuses other requests.
  const only = { grpc: false, grpcWeb: false, requireConnectProtocolHeader: true };
  const server = createServer(connectNodeAdapter({ ...only, ...options, routes }));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const client = new ConnectClient(`http://127.0.0.1:${port}${options.requestPathPrefix ?? ""}`, { service: Upstream });
  onTestFinished(() => {
    void client.close();
    server.close();
    server.closeAllConnections();
  });
  return client;
}
const rpcsOf = (client: ConnectClient) => createClient(Upstream, connectTransport(client));

/** Sends a request whose deadline only the upstream enforces. */
function faultOf(client: ConnectClient, timeoutMs: number, rpc = "Get", sent?: (call: InFlight) => void) {
  const bytes = frame(toBinary(GetRequestSchema, create(GetRequestSchema)));
  return new Promise<Fault | "answered">((resolve) => {
    const reply = { replied: () => resolve("answered"), faulted: resolve };
    const call = client.send(`/${Upstream.typeName}/${rpc}`, bytes, timeoutMs, undefined, 1, reply);
    sent?.(call);
  });
}

test("messages, headers, trailers and bytes in metadata arrive in both directions", async () => {
  const bytes = new Uint8Array([0, 1, 254, 255]);
  const client = await served(
    ({ id }, { requestHeader, responseHeader, responseTrailer }) => {
      const received = decodeBinaryHeader(requestHeader.get("x-in-bin") ?? "");
      responseHeader.set("x-out", requestHeader.get("x-in") ?? "");
      responseHeader.set("x-out-bin", encodeBinaryHeader(received));
      responseTrailer.set("x-end", "t");
      responseTrailer.set("x-end-bin", encodeBinaryHeader(received));
      return { id: `${id}!`, count: 7n };
    },
    { requestPathPrefix: "/api" },
  );
  let header = new Headers();
  let trailer = new Headers();
  const thing = await rpcsOf(client).get(
    { id: "ä" },
    {
      headers: { "x-in": "h", "x-in-bin": encodeBinaryHeader(bytes) },
      onHeader: (headers) => {
        header = headers;
      },
      onTrailer: (trailers) => {
        trailer = trailers;
      },
    },
  );
  expect(thing).toMatchObject({ id: "ä!", count: 7n });
  expect(header.get("x-out")).toBe("h");
  expect(decodeBinaryHeader(header.get("x-out-bin") ?? "")).toEqual(bytes);
  expect(trailer.get("x-end")).toBe("t");
  expect(decodeBinaryHeader(trailer.get("x-end-bin") ?? "")).toEqual(bytes);
  expect(header.has("trailer-x-end")).toBe(false);
});

test.each([
  ["gzip", {}],
  ["br", { acceptCompression: [compressionBrotli] }],
])("answers come compressed by %s", async (encoding, options) => {
  const tags = Array.from({ length: 2000 }, (_, i) => `tag ${i}`);
  const client = await served(() => ({ tags }), options);
  let header = new Headers();
  const onHeader = (headers: Headers): void => {
    header = headers;
  };
  expect((await rpcsOf(client).get({}, { onHeader })).tags).toEqual(tags);
  expect(header.get("content-encoding")).toBe(encoding);
});

const CODES = Object.values(ConnectCode).filter((code) => typeof code === "number");
test.each(CODES.map((code) => [ConnectCode[code], code] as const))(
  "the error %s comes with its text, details and metadata",
  async (_, code) => {
    const client = await served(() => {
      throw new ConnectError("no such thing", code, { "x-why": "w" }, [{ desc: ThingSchema, value: { id: "d" } }]);
    });
    const error = await rpcsOf(client)
      .get({})
      .catch((thrown: unknown) => ConnectError.from(thrown));
    if (!(error instanceof ConnectError)) throw new Error("it was answered");
    expect(error).toMatchObject({ code, rawMessage: "no such thing" });
    expect(error.findDetails(ThingSchema)).toMatchObject([{ id: "d" }]);
    expect(error.metadata.get("x-why")).toBe("w");
    expect(await faultOf(client, 5000)).toMatchObject({ kind: "status", code, upstreamText: "no such thing" });
  },
);

test("the deadline reaches the upstream, which then ends the call", async () => {
  let left: number | undefined;
  const client = await served(async (_, { timeoutMs, signal }) => {
    left = timeoutMs();
    await once(signal, "abort");
    throw signal.reason;
  });
  expect(await faultOf(client, 40)).toMatchObject({ kind: "status", code: Code.DEADLINE_EXCEEDED });
  expect(left).toBeLessThanOrEqual(40);
});

test("a cancelled call ends at the upstream", async () => {
  const began = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<void>();
  const client = await served(async (_, { signal }) => {
    began.resolve();
    await once(signal, "abort");
    ended.resolve();
    throw signal.reason;
  });
  let call: InFlight | undefined;
  void faultOf(client, 60_000, "Get", (sent) => {
    call = sent;
  });
  await began.promise;
  call?.cancel();
  await ended.promise;
});

test("an RPC that the upstream lacks is UNIMPLEMENTED, by the status of HTTP", async () => {
  const client = await served(() => ({}));
  expect(await faultOf(client, 5000, "Other")).toMatchObject({
    kind: "status",
    code: Code.UNIMPLEMENTED,
    message: "HTTP 404",
  });
});
