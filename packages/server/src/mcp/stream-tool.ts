// A tool whose rpc streams: its result is the newest item, all parts of one answer, or the first of a live answer.
import { clone, type DescMethodServerStreaming, type Message, toBinary } from "@bufbuild/protobuf";
import { systemClock, type Timer } from "@protobff/runtime/internal/clock";
import type { Answering } from "@protobff/runtime/internal/endpoint/endpoint-options";
import type { LeftOut } from "@protobff/runtime/internal/endpoint/leave-out";
import type { Failure } from "@protobff/runtime/internal/failure";
import type { Follower, Following, StreamEndpoint } from "@protobff/runtime/internal/stream/stream-endpoint";
import { readMessage } from "@protobff/runtime/internal/wire/reader";
import { failureText, toolError } from "./results.ts";
import { resultOf, type ToolCall, thrownResult } from "./tool-call.ts";

const NOT_FINISHED = "Not finished: this is the newest state.";
const NO_ITEM = "NOT_FOUND: the stream has ended without an item.";
const NOTHING_YET = "DEADLINE_EXCEEDED: nothing has arrived yet. Call again later.";

/** Receives the JSON of each item. */
type Items = ((json: string) => void) | undefined;

/**
 * Follows the rpc until its end, at most for the tool's time.
 *
 * @param progress undefined for a client that wants none
 */
export function callStream(endpoint: StreamEndpoint, call: ToolCall, progress: Items): Answering {
  const stream = new StreamTool(endpoint.method, call, progress);
  const following = endpoint.follow(call.args, call.headers, undefined, undefined, stream);
  stream.follows(following);
  return { cancel: () => stream.cancel() };
}

class StreamTool implements Follower {
  readonly #method: DescMethodServerStreaming;
  readonly #call: ToolCall;
  readonly #progress: Items;
  readonly #hasParts: boolean;
  #following: Following | undefined;
  #timer: Timer | undefined;
  #newest: Message | undefined;
  /** Reports fields that JSON does not have, unless they were reported with the item. */
  #leftOut: LeftOut | undefined;
  #over = false;

  constructor(method: DescMethodServerStreaming, call: ToolCall, progress: Items) {
    this.#method = method;
    this.#call = call;
    this.#progress = progress;
    this.#hasParts = method.output.fields.some(({ message }) => message?.typeName === "bff.v1.Part");
  }
  follows(following: Following): void {
    this.#following = following;
    if (this.#over) return;
    const { waitMs } = this.#call.served.tool;
    if (waitMs !== undefined) this.#timer = systemClock.setTimeout((of: StreamTool) => of.#late(), waitMs, this);
    this.#call.draining.addEventListener("abort", this.#drain);
  }
  cancel(): void {
    if (this.#ends()) this.#following?.cancel();
  }

  opened(): void {}
  beat(): void {}
  item(message: Message, _token: string | undefined, leftOut?: LeftOut): boolean {
    if (this.#over) return true;
    this.#newest = this.#hasParts ? this.#merged(message) : message;
    if (this.#progress === undefined) this.#leftOut = leftOut;
    else this.#progress(this.#call.served.write(message, leftOut));
    if (this.#call.served.tool.waitMs === undefined && this.#ends()) {
      this.#following?.cancel();
      this.#answer([], NO_ITEM);
    }
    return true;
  }
  ended(): void {
    if (this.#ends()) this.#answer([], NO_ITEM);
  }
  failed(failure: Failure): void {
    if (this.#ends()) this.#call.done(toolError(failureText(failure)));
  }

  readonly #drain = (): void => this.#late();
  #late(): void {
    if (!this.#ends()) return;
    this.#following?.cancel();
    this.#answer([NOT_FINISHED], NOTHING_YET);
  }
  /** False if the call has its result. */
  #ends(): boolean {
    if (this.#over) return false;
    this.#over = true;
    if (this.#timer !== undefined) systemClock.clearTimeout(this.#timer);
    this.#call.draining.removeEventListener("abort", this.#drain);
    return true;
  }
  #answer(notes: readonly string[], none: string): void {
    const { done, served } = this.#call;
    try {
      if (this.#newest === undefined) done(toolError(none));
      else done(resultOf(this.#method.output, this.#newest, "", { served, leftOut: this.#leftOut }, notes));
    } catch (thrown) {
      done(thrownResult(thrown));
    }
  }
  /** Later parts merge into the first message (protobuf's own merge). */
  #merged(part: Message): Message {
    const { output } = this.#method;
    if (this.#newest === undefined) return clone(output, part);
    return readMessage(output, toBinary(output, part), this.#newest);
  }
}
