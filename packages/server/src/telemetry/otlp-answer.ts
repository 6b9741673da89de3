// What a collector says: ExportTraceServiceResponse of a success, google.rpc.Status of a failure.
import { Reader } from "@protobff/runtime/internal/wire/reader";

const PARTIAL_SUCCESS = 0x0a;
const REJECTED_SPANS = 0x08;
const ERROR_MESSAGE = 0x12;
const STATUS_MESSAGE = 0x12;

/** What of a batch was taken. */
export interface PartialSuccess {
  readonly rejected: number;
  /** A warning, where nothing was rejected; "" for none. */
  readonly message: string;
}

/** Of a success's body; nothing rejected where it cannot be read, or is JSON. */
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
      else reader.skipUnknown(inner & 7);
    }
    reader.leave(outer);
    return true;
  });
  return { rejected: Math.max(0, rejected), message };
}

/** Of a failure's body: the message of the status that it should be, or the text that it is. */
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

/** @param known reads the field of this tag, or says that it does not know it */
function read(body: Uint8Array, known: (reader: Reader, tag: number) => boolean): void {
  const reader = new Reader();
  reader.start(body);
  try {
    while (reader.more()) {
      const tag = reader.tag();
      if (!known(reader, tag)) reader.skipUnknown(tag & 7);
    }
  } catch {
    // No message of this kind: what has been read of it until then counts.
  }
}
