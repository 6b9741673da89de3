// Ways to follow an rpc. Each turns one opening into what is heard of it; going on after a loss is `follow`'s.
import type { DescMessage, DescMethodServerStreaming, MessageShape } from "@bufbuild/protobuf";

/** One attempt to follow. */
export interface Opening<I extends DescMessage, O extends DescMessage> {
  readonly method: DescMethodServerStreaming<I, O>;
  readonly request: MessageShape<I>;
  /** Of the last item that has been taken; undefined: from the beginning. */
  readonly token: string | undefined;
  /** Credentials, for this attempt. */
  readonly headers: Headers;
  /** Aborted when nobody wants any more. */
  readonly signal: AbortSignal;
}

/** What is heard of it, in this order. */
export type Heard<O extends DescMessage> =
  /** The server follows. `beatMs`: something is heard at least so often, in milliseconds; undefined: it does not say. */
  | { readonly kind: "opened"; readonly beatMs: number | undefined }
  | { readonly kind: "item"; readonly message: MessageShape<O>; readonly token: string | undefined }
  /** A sign of life; the server may have seen more than it has given. */
  | { readonly kind: "beat"; readonly token: string | undefined }
  /** The source is at its end. The last. */
  | { readonly kind: "ended" };

/** By what protocol. */
export interface FollowTransport {
  /**
   * Opens and hears until the end; the next is read from the network when it is asked for.
   *
   * @throws ConnectError of what the server has answered, with the token in its metadata under `bff-resume`
   * @throws Lost when the connection was lost, or could not be made
   */
  open<I extends DescMessage, O extends DescMessage>(opening: Opening<I, O>): AsyncIterable<Heard<O>>;
}

/** The connection is gone; nobody has said why. */
export class Lost extends Error {
  override name = "Lost";
}
