import type { Fault } from "@protobff/runtime/internal/failure";
import type { OpenStream, StreamClient, StreamReceiver } from "@protobff/runtime/internal/transport/stream-client";
import type { CapturedFault } from "./format.ts";
import { RecordedSource } from "./recorded-source.ts";
import { outside, type Recording, recording } from "./recording.ts";

/**
 * Returns the `open` of a client whose streams are recorded.
 *
 * @param name of the client
 */
export function capturedOpen(name: string, open: StreamClient["open"]): StreamClient["open"] {
  return (path, frame, timeoutMs, headers, receiver) => {
    const of = recording();
    if (of === undefined) return open(path, frame, timeoutMs, headers, receiver);
    of.affects(["open", name, path, frame]);
    const stream = new CapturedUpstreamStream(of, receiver);
    outside(() => {
      stream.stream = open(path, frame, timeoutMs, headers, stream);
    }, undefined);
    return stream;
  };
}

/** An upstream's stream, whose events are recorded. */
class CapturedUpstreamStream extends RecordedSource implements OpenStream, StreamReceiver {
  stream: OpenStream | undefined;
  readonly #receiver: StreamReceiver;

  constructor(of: Recording, receiver: StreamReceiver) {
    super(of);
    this.#receiver = receiver;
  }
  take(items: number): void {
    this.requests(items, () => this.stream?.take(items));
  }
  cancel(): void {
    this.closes(() => this.stream?.cancel());
  }
  rate(good: boolean | undefined): void {
    this.stream?.rate?.(good);
  }
  get unsent(): boolean {
    return this.of.decides("unsent", isSent, this.stream) === "no";
  }
  opened(): void {
    this.arrives(["accepted", 0, 0, 0, this.index], 0, () => this.#receiver.opened?.({}));
  }
  item(message: Uint8Array): void {
    const bytes = message.length;
    this.arrives(["received", 0, 0, 0, this.index, message], bytes, () => this.#receiver.item(message));
  }
  ended(): void {
    this.arrives(["finished", 0, 0, 0, this.index], 0, () => this.#receiver.ended({}));
  }
  faulted(fault: Fault): void {
    const bytes = fault.message.length + (fault.details?.length ?? 0) * 2;
    const event: Parameters<Recording["arrives"]>[0] = ["broken", 0, 0, 0, this.index, capturedFault(fault)];
    this.arrives(event, bytes, () => this.#receiver.faulted(fault), true);
  }
}
const isSent = (stream: OpenStream | undefined): "go" | "no" => (stream?.unsent === true ? "no" : "go");

/** Returns a fault as in the file. */
export const capturedFault = ({ misfit: _, ...fault }: Fault): CapturedFault<Uint8Array> =>
  fault as CapturedFault<Uint8Array>;
