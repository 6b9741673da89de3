// Protocols for following an rpc. Each turns one opening into events; `follow` resumes after a loss.
import type { DescMessage, DescMethodServerStreaming, MessageShape } from "@bufbuild/protobuf";

/** One attempt to follow. */
export interface Opening<I extends DescMessage, O extends DescMessage> {
  readonly method: DescMethodServerStreaming<I, O>;
  readonly request: MessageShape<I>;
  /** Token of the last item taken; undefined: from the beginning. */
  readonly token: string | undefined;
  /** Credentials, for this attempt. */
  readonly headers: Headers;
  /** Aborted when the caller no longer needs the stream. */
  readonly signal: AbortSignal;
}

/** Events of one opening, in this order. */
export type TransportEvent<O extends DescMessage> =
  /** The server follows. `beatMs`: longest interval between two events, in milliseconds; undefined: not declared. */
  | { readonly kind: "opened"; readonly beatMs: number | undefined }
  | { readonly kind: "item"; readonly message: MessageShape<O>; readonly token: string | undefined }
  /** A sign of life; the server may have seen more than it has given. */
  | { readonly kind: "beat"; readonly token: string | undefined }
  /** The source is at its end. The last. */
  | { readonly kind: "ended" };

/** Protocol by which an rpc is followed. */
export interface FollowTransport {
  /**
   * Opens the rpc and yields its events to the end. The next event is read from the network when the caller requests
   * it.
   *
   * @throws ConnectError that the server has returned, with the token in its metadata under `bff-resume`
   * @throws Lost when the connection was lost, or could not be made
   */
  open<I extends DescMessage, O extends DescMessage>(opening: Opening<I, O>): AsyncIterable<TransportEvent<O>>;
}

/**
 * The connection closed without a reason.
 *
 * @example
 * const onState = (state: FollowState): void => {
 *   if (state.kind === "waiting" && state.why instanceof Lost) console.log(`reconnects in ${state.ms} ms`);
 * };
 */
export class Lost extends Error {
  override name = "Lost";
}
