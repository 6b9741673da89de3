// A stream endpoint that answers as the runner's requests specify. The runtime's pump has no source here for that: the
// suite only covers how a server writes streams.
import { setTimeout as sleep } from "node:timers/promises";
import { create, type Message } from "@bufbuild/protobuf";
import { anyPack, anyUnpack } from "@bufbuild/protobuf/wkt";
import type { IncomingHeaders } from "../../../../runtime/src/entries/identity.ts";
import { type Code, type Detail, Failure, Reason } from "../../../../runtime/src/index.ts";
import { streamRouteOf } from "../../../../runtime/src/stream/connect-stream.ts";
import type { Follower, StreamEndpoint } from "../../../../runtime/src/stream/stream-endpoint.ts";
import {
  ConformanceService,
  type ErrorMessage,
  type RequestInfo,
  RequestInfoSchema,
  registry,
  type StreamRequest,
  toHeaders,
} from "./messages.ts";

/** @param all as the client has sent them */
export function streamUnderTest(
  all: (headers: IncomingHeaders) => Headers,
  flat: (headers: StreamRequest["responseDefinition"] & {}) => { headers: string[]; trailers: string[] },
): StreamEndpoint {
  const method = ConformanceService.method.serverStream;
  const follow: StreamEndpoint["follow"] = (args, headers, clientMs, _, follower) => {
    const gone = new AbortController();
    const requestInfo = create(RequestInfoSchema, {
      requestHeaders: toHeaders(all(headers)),
      requests: [anyPack(method.input, args as StreamRequest)],
      ...(clientMs !== undefined && { timeoutMs: BigInt(Math.floor(clientMs)) }),
    });
    const definition = (args as StreamRequest).responseDefinition;
    const metadata = definition === undefined ? { headers: [], trailers: [] } : flat(definition);
    const late = clientMs === undefined ? undefined : setTimeout(() => expire(), clientMs);
    const expire = (): void => {
      gone.abort();
      follower.failed(failureOf({ code: 4, message: "the operation timed out", details: [] }), undefined, metadata);
    };
    answer(definition, { follower, requestInfo, metadata, gone: gone.signal }).then(
      () => clearTimeout(late),
      () => {}, // nobody waits any more
    );
    const cancel = (): void => {
      clearTimeout(late);
      gone.abort();
    };
    return { ready: () => {}, drain: () => {}, cancel };
  };
  return { method, follow, route: streamRouteOf(method, follow) };
}

interface Answering {
  readonly follower: Follower;
  readonly requestInfo: RequestInfo;
  readonly metadata: { readonly headers: string[]; readonly trailers: string[] };
  readonly gone: AbortSignal;
}

async function answer(definition: StreamRequest["responseDefinition"], context: Answering): Promise<void> {
  const { follower, requestInfo, metadata, gone } = context;
  follower.opened(metadata);
  const all = definition?.responseData ?? [];
  for (const [i, data] of all.entries()) {
    await sleep(definition?.responseDelayMs, undefined, { signal: gone });
    const payload = i === 0 ? { data, requestInfo } : { data };
    follower.item(create(ConformanceService.method.serverStream.output, { payload }) as Message, undefined);
  }
  const error = definition?.error;
  if (error === undefined) follower.ended(metadata);
  else follower.failed(failureOf(error, all.length === 0 ? requestInfo : undefined), undefined, metadata);
}

function failureOf({ code, message = "", details }: ErrorMessage, requestInfo?: RequestInfo): Failure {
  const failureDetails = details.flatMap((any): Detail[] => {
    const value = anyUnpack(any, registry);
    const desc = value && registry.getMessage(value.$typeName);
    return value === undefined || desc === undefined ? [] : [{ desc, value }];
  });
  if (requestInfo !== undefined) failureDetails.push({ desc: RequestInfoSchema, value: requestInfo });
  const clientCode = code as Code;
  const messages = { message, clientMessage: message };
  return new Failure({
    code: clientCode,
    clientCode,
    reason: Reason.REJECTED,
    callee: "",
    details: failureDetails,
    ...messages,
  });
}
