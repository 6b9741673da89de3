import type { Code, Fault } from "../../failure.ts";
import type { ReceivedHeaders } from "../call-headers.ts";

/** Form of the answers of an RPC: the differences between the protocols over HTTP. */
export interface AnswerFormat {
  /** Reports whether an answer with this status contains a message. */
  succeeds(status: number): boolean;
  /**
   * Returns the code for a body whose content type is not acceptable; undefined for an acceptable one.
   *
   * @param bytes its length, before decompression
   */
  refuses(type: string, succeeds: boolean, bytes: number): Code | undefined;
  /**
   * Returns the encoded message of a body.
   *
   * @throws for an invalid body
   */
  message(body: Buffer, status: number): Uint8Array;
  /**
   * Returns the fault of an answer that is no success.
   *
   * @param body undefined if it is not acceptable, is too large or cannot be decompressed
   */
  fault(status: number, body: Buffer | undefined, pushbackMs: number | undefined): Fault;
  /** Splits the headers of an answer into headers and trailers. Default: the trailers are those of HTTP. */
  readonly split?:
    | ((headers: ReceivedHeaders) => readonly [headers: ReceivedHeaders, trailers: ReceivedHeaders])
    | undefined;
}
