// Parses a collector's response: ExportTraceServiceResponse for a success, google.rpc.Status for a failure.
import { Reader } from "@protobff/runtime/internal/wire/reader";

const PARTIAL_SUCCESS = 0x0a;
const REJECTED_SPANS = 0x08;
const ERROR_MESSAGE = 0x12;
const STATUS_MESSAGE = 0x12;

/** Result of a batch that the collector accepted at least in part. */
export interface PartialSuccess {
  readonly rejected: number;
  /** A warning, where nothing was rejected; "" for none. */
  readonly message: string;
}

/** Reads the body of a success. Reports no rejected spans if the body is malformed or JSON. */
export function partialSuccess(body: Uint8Array): PartialSuccess {
  let rejected = 0;
  let message = "";
  read(body, (reader, tag) => {
    if (tag !== PARTIAL_SUCCESS) return false;
    const outer = reader.enter();
    while (reader.more()) {
      const inner = reader.tag();
      if (inner === REJECTED_SPANS) rejected = Number(reader.int64());
      else if (inner === ERROR_MESSAGE) message = reader.string();
      else reader.skipUnknown(inner);
    }
    reader.leave(outer);
    return true;
  });
  return { rejected: Math.max(0, rejected), message };
}

/**
 * Reads the body of a failure: the message of its google.rpc.Status, or the text of a `text/plain` body. "" for any
 * other body.
 */
export function failureMessage(body: Uint8Array, contentType: string): string {
  if (!contentType.includes("protobuf"))
    return contentType.startsWith("text/plain") ? Buffer.from(body).toString() : "";
  let message = "";
  read(body, (reader, tag) => {
    if (tag !== STATUS_MESSAGE) return false;
    message = reader.string();
    return true;
  });
  return message;
}

/** @param known reads the field of this tag, or returns false if the tag is unknown to it */
function read(body: Uint8Array, known: (reader: Reader, tag: number) => boolean): void {
  const reader = new Reader();
  reader.start(body);
  try {
    while (reader.more()) {
      const tag = reader.tag();
      if (!known(reader, tag)) reader.skipUnknown(tag);
    }
  } catch {
    // No message of this kind: what has been read of it until then counts.
  }
}
