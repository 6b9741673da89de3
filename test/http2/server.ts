// The server that is judged from outside: a process with the configuration of any BFF, whose service needs no upstream. LATENCY_MS is how long
// each unary answer takes.
import { setTimeout as sleep } from "node:timers/promises";
import { create } from "@bufbuild/protobuf";
import { type Code, endpoint, Failure, Reason } from "../../runtime/src/index.ts";
import { serve } from "../../runtime/src/server/serve.ts";
import { streamRouteOf } from "../../runtime/src/stream/connect-stream.ts";
import type { Follower, StreamEndpoint } from "../../runtime/src/stream/stream-endpoint.ts";
import { type EchoStatus, type SimpleRequest, type StreamRequest, TestService } from "./service.ts";

const { emptyCall, unaryCall, streamingOutputCall } = TestService.method;
const LATENCY_MS = Number(process.env.LATENCY_MS ?? 0);

function refusal({ code, message }: EchoStatus): Failure {
  const said = { message, clientMessage: message };
  const codes = { code: code as Code, clientCode: code as Code };
  return new Failure({ ...codes, reason: Reason.REJECTED, callee: "", details: [], ...said });
}
const payloadOf = (size: number) => ({ payload: { body: new Uint8Array(size) } });

async function answer(request: SimpleRequest) {
  if (LATENCY_MS > 0) await sleep(LATENCY_MS);
  const { responseStatus: status } = request;
  if (status !== undefined && status.code !== 0) throw refusal(status);
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
    endpoint(unaryCall, {}, { timeoutMs: 60_000, compose: (_, request) => answer(request) }),
    { method: streamingOutputCall, follow, route: streamRouteOf(streamingOutputCall, follow) },
  ],
});
