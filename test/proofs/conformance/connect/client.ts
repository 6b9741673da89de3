// The client under test: the runtime's client of upstreams, as a Transport of Connect.
import { setTimeout as sleep } from "node:timers/promises";
import { create, type DescMessage, fromBinary, type MessageShape, toBinary } from "@bufbuild/protobuf";
import { type Any, AnySchema, anyUnpack } from "@bufbuild/protobuf/wkt";
import { type CallOptions, ConnectError, createClient } from "@connectrpc/connect";
import { ConnectClient, connectTransport } from "../../../../runtime/src/entries/connect.ts";
import { GrpcClient } from "../../../../runtime/src/index.ts";
import {
  appendHeaders,
  type ClientRequest,
  ClientRequestSchema,
  ClientResponseSchema,
  type ClientResult,
  ConformanceService,
  delimited,
  toHeaders,
} from "./messages.ts";

const http2 = process.env.BFF_HTTP2 === "node" ? "node" : "own";
const byConnect = process.env.CONFORMANCE_SIDE === "connect";
const clients = new Map<string, GrpcClient | ConnectClient>();
/** Cases that may share connections do. */
function clientFor(request: ClientRequest): GrpcClient | ConnectClient {
  const { host, port, serverTlsCert: ca, clientTlsCreds: clientTls, messageReceiveLimit: limit } = request;
  const key = `${host}:${port} ${clientTls !== undefined} ${limit}`;
  const url = `${ca.length > 0 ? "https" : "http"}://${host}:${port}`;
  const options = {
    ...(ca.length > 0 && { ca: Buffer.from(ca) }),
    ...(clientTls !== undefined && { cert: Buffer.from(clientTls.cert), key: Buffer.from(clientTls.key) }),
    ...(limit > 0 && { maxReplyBytes: limit }),
  };
  const client =
    clients.get(key) ??
    (byConnect
      ? new ConnectClient(url, { ...options, service: ConformanceService })
      : new GrpcClient(url, { ...options, http2 }));
  clients.set(key, client);
  return client;
}

function unpacked<Desc extends DescMessage>(any: Any, desc: Desc): MessageShape<Desc> {
  const message = anyUnpack(any, desc);
  if (message === undefined) throw new Error(`a request of type ${any.typeUrl}`);
  return message;
}

async function run(request: ClientRequest): Promise<ClientResult> {
  const service = createClient(ConformanceService, connectTransport(clientFor(request)));
  const result: ClientResult = { responseHeaders: [], responseTrailers: [], payloads: [] };
  const canceller = new AbortController();
  const headers = new Headers();
  appendHeaders(headers, request.requestHeaders);
  const options: CallOptions = {
    headers,
    signal: canceller.signal,
    ...(request.timeoutMs !== undefined && { timeoutMs: request.timeoutMs }),
    onHeader: (headers) => {
      result.responseHeaders = toHeaders(headers);
    },
    onTrailer: (trailers) => {
      result.responseTrailers = toHeaders(trailers);
    },
  };
  const { unary, idempotentUnary, unimplemented, serverStream } = ConformanceService.method;
  const method = [unary, idempotentUnary, unimplemented].find(({ name }) => name === request.method);
  const any = request.requestMessages[0];
  if (any === undefined) throw new Error("a call without a request");
  await sleep(request.requestDelayMs);
  const timing = request.cancel?.cancelTiming;
  const afterSending = (): void => {
    if (timing?.case === "afterCloseSendMs") setTimeout(() => canceller.abort(), timing.value);
  };
  try {
    if (method !== undefined) {
      const message = unpacked(any, method.input);
      afterSending();
      const { payload } = await service[method.localName as "unary"](message, options);
      result.payloads.push(payload ?? { data: new Uint8Array() });
    } else if (request.method === serverStream.name) {
      const message = unpacked(any, serverStream.input);
      afterSending();
      for await (const { payload } of service.serverStream(message, options)) {
        result.payloads.push(payload ?? { data: new Uint8Array() });
        if (timing?.case === "afterNumResponses" && timing.value === result.payloads.length) canceller.abort();
      }
    } else throw new Error(`${request.method} is not supported`);
  } catch (thrown) {
    const error = ConnectError.from(thrown);
    const details = error.details.map(
      (detail): Any =>
        "type" in detail
          ? create(AnySchema, { typeUrl: `type.googleapis.com/${detail.type}`, value: detail.value })
          : create(AnySchema),
    );
    result.error = { code: error.code, message: error.rawMessage, details };
    // Connect does not separate an error's metadata into headers and trailers.
    const metadata = toHeaders(error.metadata);
    result.responseHeaders = metadata;
    result.responseTrailers = metadata;
  }
  return result;
}

async function answer(request: ClientRequest): Promise<void> {
  const { testName } = request;
  const result = await run(request).then(
    (value) => ({ case: "response" as const, value }),
    (error) => ({ case: "error" as const, value: { message: String(error) } }),
  );
  const response = create(ClientResponseSchema, { testName, result });
  process.stdout.write(delimited(toBinary(ClientResponseSchema, response)));
}

let buffered = Buffer.alloc(0);
const running: Promise<void>[] = [];
for await (const chunk of process.stdin) {
  buffered = Buffer.concat([buffered, chunk as Buffer]);
  while (buffered.length >= 4 && buffered.length >= 4 + buffered.readUInt32BE()) {
    const end = 4 + buffered.readUInt32BE();
    running.push(answer(fromBinary(ClientRequestSchema, buffered.subarray(4, end))));
    buffered = buffered.subarray(end);
  }
}
await Promise.all(running);
await Promise.all([...clients.values()].map((client) => client.close()));
