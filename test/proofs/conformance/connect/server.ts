// The server under test: endpoints of the runtime on its listener. A BFF's answers have no additional headers, so these
// are set beside the endpoint. The answer, its status, deadline and cancellation are the endpoint's.
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { create, fromBinary, type Message, toBinary } from "@bufbuild/protobuf";
import { anyPack, anyUnpack } from "@bufbuild/protobuf/wkt";
import { FastCall } from "../../../../packages/server/src/fast/fast-call.ts";
import { type Listenable, listen } from "../../../../packages/server/src/listen.ts";
import { NodeIncoming } from "../../../../packages/server/src/requests/peers.ts";
import { routeOf } from "../../../../runtime/src/endpoint/connect-route.ts";
import type { IncomingHeaders } from "../../../../runtime/src/entries/identity.ts";
import { omitAddedDetails } from "../../../../runtime/src/error-info.ts";
import { type Code, type Detail, type Endpoint, endpoint, Failure, Reason } from "../../../../runtime/src/index.ts";
import {
  ConformanceService,
  delimited,
  type Header,
  RequestInfoSchema,
  registry,
  ServerRequestSchema,
  ServerResponseSchema,
  toHeaders,
  type UnaryRequest,
  type UnaryResponse,
} from "./messages.ts";
import { streamUnderTest } from "./server-stream.ts";

type Method = (typeof ConformanceService.method)["unary" | "idempotentUnary"];
interface Context {
  readonly headers: IncomingHeaders;
  readonly clientMs: number | undefined;
  readonly metadata: { headers: string[]; trailers: string[] };
}
const contexts = new WeakMap<Message, Context>();

/** Both paths keep them as node has them. */
function all(headers: IncomingHeaders): Headers {
  if (headers instanceof Headers) return headers;
  const allHeaders = new Headers();
  const incoming = headers instanceof FastCall || headers instanceof NodeIncoming ? headers.incoming : {};
  for (const [name, value] of Object.entries(incoming)) {
    if (!name.startsWith(":")) for (const item of [value ?? []].flat()) allHeaders.append(name, item);
  }
  return allHeaders;
}
const flat = (headers: readonly Header[]): string[] =>
  headers.flatMap(({ name, value }) => value.flatMap((item) => [name.toLowerCase(), item]));

async function answer(method: Method, request: UnaryRequest): Promise<UnaryResponse> {
  const context = contexts.get(request);
  if (context === undefined) throw new Error("no context");
  const { clientMs, metadata } = context;
  const requestInfo = create(RequestInfoSchema, {
    requestHeaders: toHeaders(all(context.headers)),
    requests: [anyPack(method.input, request)],
    ...(clientMs !== undefined && { timeoutMs: BigInt(Math.floor(clientMs)) }),
  });
  const { responseDefinition: definition } = request;
  if (definition !== undefined) {
    metadata.headers = flat(definition.responseHeaders);
    metadata.trailers = flat(definition.responseTrailers);
    await sleep(definition.responseDelayMs);
  }
  const response = definition?.response;
  if (response?.case === "error") {
    const { code, message = "", details } = response.value;
    const failureDetails = details.flatMap((any): Detail[] => {
      const value = anyUnpack(any, registry);
      const desc = value && registry.getMessage(value.$typeName);
      return value === undefined || desc === undefined ? [] : [{ desc, value }];
    });
    throw new Failure({
      code: code as Code,
      reason: Reason.REJECTED,
      callee: "",
      message,
      clientCode: code as Code,
      clientMessage: message,
      details: [...failureDetails, { desc: RequestInfoSchema, value: requestInfo }],
    });
  }
  const data = response?.case === "responseData" ? response.value : new Uint8Array();
  return create(method.output, { payload: { data, requestInfo } });
}

function underTest(method: Method): Listenable {
  const tested = endpoint(method, {}, { timeoutMs: 60_000, compose: (_, request) => answer(method, request) });
  const run: Endpoint["run"] = (args, headers, clientMs, done, failed) => {
    const metadata = { headers: [], trailers: [] };
    contexts.set(args, { headers, clientMs, metadata });
    return tested.run(
      args,
      headers,
      clientMs,
      (response, degraded) => done(response, degraded, metadata),
      (failure) => failed(failure, metadata),
    );
  };
  return { method, run, route: routeOf(method, run) };
}

omitAddedDetails();
const { useTls, messageReceiveLimit, serverCreds } = fromBinary(ServerRequestSchema, readFileSync(0).subarray(4));
const tls = useTls && serverCreds && { cert: Buffer.from(serverCreds.cert), key: Buffer.from(serverCreds.key) };
const { unary, idempotentUnary } = ConformanceService.method;
const streamed = streamUnderTest(all, ({ responseHeaders, responseTrailers }) => ({
  headers: flat(responseHeaders),
  trailers: flat(responseTrailers),
}));
const server = await listen([underTest(unary), underTest(idempotentUnary), streamed], {
  ...(tls && { tls }),
  http2Server: process.env.BFF_HTTP2_SERVER === "node" ? "node" : "own",
  ...(messageReceiveLimit > 0 && { maxRequestBytes: messageReceiveLimit }),
});
process.once("SIGTERM", () => void server.close(0).then(() => process.exit(0)));
if (process.env.COUNT_REQUESTS === "1") {
  process.once("exit", () =>
    process.stderr.write(`${server.requests.fast} of ${server.requests.all} requests took the fast path\n`),
  );
}
const address = { host: "127.0.0.1", port: server.port, ...(tls && { pemCert: tls.cert }) };
process.stdout.write(delimited(toBinary(ServerResponseSchema, create(ServerResponseSchema, address))));
