// The server under test for external clients: a process with the configuration of any BFF, whose service needs no
// upstream. LATENCY_MS is the time that each unary answer takes, in milliseconds. A request's header x-wait-ms adds to
// it, and x-echo sets the answer's body. On a message the server returns the number of requests.
import { setTimeout as sleep } from "node:timers/promises";
import { create } from "@bufbuild/protobuf";
import { serve } from "../../../packages/server/src/serve.ts";
import { type Code, endpoint, Failure, Reason } from "../../../runtime/src/index.ts";
import { streamRouteOf } from "../../../runtime/src/stream/connect-stream.ts";
import type { Follower, StreamEndpoint } from "../../../runtime/src/stream/stream-endpoint.ts";
import { type EchoStatus, type SimpleRequest, type StreamRequest, TestService } from "./service.ts";

const { emptyCall, unaryCall, streamingOutputCall } = TestService.method;
const LATENCY_MS = Number(process.env.LATENCY_MS ?? 0);

/** With its own words as an error detail, and a header beside it. */
function refusal(status: EchoStatus): Failure {
  const { code, message } = status;
  const fields = { message, clientMessage: message, headers: ["x-told", "yes"] };
  const codes = { code: code as Code, clientCode: code as Code };
  const desc = unaryCall.input.field.responseStatus?.message;
  const details = desc === undefined ? [] : [{ desc, value: status }];
  return new Failure({ ...codes, reason: Reason.REJECTED, callee: "", details, ...fields });
}
const payloadOf = (size: number) => ({ payload: { body: new Uint8Array(size) } });

let requestCount = 0;
process.on("message", (question) => {
  if (question === "asked") process.send?.(requestCount);
});
process.channel?.unref(); // it ends on its own

async function answer(request: SimpleRequest, header: (name: string) => string) {
  requestCount++;
  const waitMs = LATENCY_MS + Number(header("x-wait-ms"));
  if (waitMs > 0) await sleep(waitMs);
  const { responseStatus: status } = request;
  if (status !== undefined && status.code !== 0) throw refusal(status);
  const echo = header("x-echo");
  if (echo !== "") return create(unaryCall.output, { payload: { body: Buffer.from(echo) } });
  return create(unaryCall.output, payloadOf(request.responseSize));
}

async function pour(request: StreamRequest, follower: Follower, room: () => Promise<void>, gone: AbortSignal) {
  follower.opened(undefined);
  for (const { size, intervalUs } of request.responseParameters) {
    if (intervalUs > 0) await sleep(intervalUs / 1000, undefined, { signal: gone });
    if (!follower.item(create(streamingOutputCall.output, payloadOf(size)), undefined)) await room();
    gone.throwIfAborted();
  }
  const { responseStatus: status } = request;
  if (status !== undefined && status.code !== 0) follower.failed(refusal(status), undefined, undefined);
  else follower.ended(undefined);
}
const follow: StreamEndpoint["follow"] = (args, _headers, _clientMs, _resume, follower) => {
  const gone = new AbortController();
  let wake = (): void => {};
  const room = () =>
    new Promise<void>((resolve) => {
      wake = resolve;
    });
  pour(args as StreamRequest, follower, room, gone.signal).catch(() => {}); // nobody listens any more
  return { ready: () => wake(), drain: () => {}, cancel: () => gone.abort() };
};

await serve({
  name: "grpc.testing",
  services: [TestService],
  upstreams: {},
  env: () => ({}),
  create: () => [
    endpoint(emptyCall, {}, { timeoutMs: 60_000, compose: async () => create(emptyCall.output) }),
    endpoint(
      unaryCall,
      {},
      { timeoutMs: 60_000, compose: (cx, request) => answer(request, (name) => cx.header(name)) },
    ),
    { method: streamingOutputCall, follow, route: streamRouteOf(streamingOutputCall, follow) },
  ],
});
