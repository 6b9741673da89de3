// Starts a captured request on a stage, and receives what its client would.
import { type Message, toBinary } from "@bufbuild/protobuf";
import type { Endpoint } from "@protobff/runtime/internal/endpoint/endpoint-options";
import { type Failure, OVER } from "@protobff/runtime/internal/failure";
import type { Follower, Following, StreamEndpoint } from "@protobff/runtime/internal/stream/stream-endpoint";
import { PREFIX_BYTES } from "@protobff/runtime/internal/wire/frame";
import { readMessage } from "@protobff/runtime/internal/wire/reader";
import { type CapturedRequest, maskOf } from "@protobff/server/capture";
import { readCaptured } from "../capture/read-capture.ts";
import { headersOf, type World } from "../world/create-endpoints.ts";
import type { Stage } from "./stage.ts";

/** Outcome of a replayed request. */
export type Outcome = CapturedRequest["outcome"];

/** A request that runs on a stage. The functions but the first are arrivals. */
export interface Running {
  readonly outcome: () => Outcome | undefined;
  readonly gone: () => undefined;
  readonly ready: () => undefined;
  readonly drain: () => undefined;
  /** Ends a stream whose capture ends here. */
  readonly cut: () => undefined;
}

const failureIn = ({ clientCode: code, clientMessage: message }: Failure): Outcome["failure"] => ({ code, message });

/** Starts a captured request. */
export function start(
  endpoint: Endpoint | StreamEndpoint,
  request: CapturedRequest,
  world: World,
  stage: Stage,
  ended: () => void,
): Running {
  const { method, codec } = endpoint;
  const bytes = Uint8Array.from(Buffer.from(request.message, "base64"));
  const args: Message = readCaptured(`\`message\` of request ${request.id}`, bytes, (read) =>
    codec === undefined ? readMessage(method.input, read) : codec.decode(read),
  );
  const encode = (message: Message): Uint8Array =>
    codec === undefined ? toBinary(method.output, message) : codec.encode(message).subarray(PREFIX_BYTES);
  let outcome: Outcome | undefined;
  const end = (found: Outcome): void => {
    if (outcome === undefined) ended();
    outcome ??= found;
  };
  const headers = headersOf(request, world);
  let following: Pick<Following, "cancel"> & Partial<Following>;
  if ("run" in endpoint)
    following = endpoint.run(
      args,
      headers,
      request.clientMs,
      (response, degraded) => end({ answer: Buffer.from(encode(response)).toString("base64"), degraded }),
      (failure) => end({ failure: failureIn(failure) }),
    );
  else {
    const follower = followerOn(stage, encode, maskOf(method.output), end);
    following = endpoint.follow(args, headers, request.clientMs, request.resume, follower);
  }
  const leave = (found: Outcome): undefined => {
    following.cancel(OVER);
    end(found);
  };
  return {
    outcome: () => outcome,
    gone: () => leave({}),
    cut: () => leave({ stream: "cut" }),
    ready: () => void following.ready?.(),
    drain: () => void following.drain?.(),
  };
}

/** Returns a follower whose messages are effects of the request. */
function followerOn(
  stage: Stage,
  encode: (message: Message) => Uint8Array,
  mask: ReturnType<typeof maskOf>,
  end: (outcome: Outcome) => void,
): Follower {
  return {
    opened: () => stage.affects(["opened"]),
    item(message, token) {
      const bytes = encode(message);
      const more = stage.reads[stage.messages.length] ?? true;
      stage.messages.push(bytes);
      const text = Buffer.from(mask?.(bytes) ?? bytes).toString("base64");
      stage.affects(["message", text, token ?? null, more ? 1 : 0], bytes);
      return more;
    },
    beat: (_message, token) => stage.affects(["beat", token ?? null]),
    ended: () => end({ stream: "ended" }),
    failed: (failure, token) => end({ failure: failureIn(failure), token }),
  };
}
