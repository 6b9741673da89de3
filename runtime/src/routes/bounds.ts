// Elements: the number of items of lists, maps and JSON in a request, counted in its bytes before decoding. The count
// depends on descriptors and formats, not on servers or requests.
import { isUtf8 } from "node:buffer";
import type { DescMessage } from "@bufbuild/protobuf";
import { Code, type ConnectError } from "@connectrpc/connect";
import { stackless } from "../endpoint/connect-error.ts";
import { countBinary } from "./count-binary.ts";
import { countJson } from "./count-json.ts";
import { ELEMENT } from "./element.ts";

/** Default maximum number of elements in a request. */
export const MAX_ELEMENTS = 10_000;
/** Default maximum size of a client's message, in bytes: the default of nginx and most HTTP servers. */
export const MAX_MESSAGE_BYTES = 1 << 20;

/** Bounds of a client's message. */
export interface Bounds {
  readonly maxElements: number;
  /** As of `countJson`. */
  readonly masks: ReadonlySet<string>;
}

/**
 * Checks a message before it is decoded. Elements are not counted if the message is too short to exceed the bound.
 *
 * @returns INVALID_ARGUMENT if it holds too many elements, or is JSON and not UTF-8 (RFC 8259, 8.1)
 */
export function messageError(
  bytes: Uint8Array,
  desc: DescMessage,
  isJson: boolean,
  bounds: Bounds,
): ConnectError | undefined {
  const { maxElements, masks } = bounds;
  if (isJson && !isUtf8(bytes)) return stackless("the message is not UTF-8", Code.InvalidArgument);
  if (bytes.length <= 2 * maxElements) return undefined; // the smallest element: a tag and a length, or a digit and a comma
  const most = maxElements * ELEMENT;
  const count = isJson ? countJson(bytes, masks, most) : countBinary(desc, bytes, most);
  return count > most ? tooMany(maxElements) : undefined;
}

function tooMany(maxElements: number): ConnectError {
  const message = `the request holds more than ${maxElements} elements`;
  return stackless(message, Code.InvalidArgument, undefined, "TOO_MANY_ELEMENTS");
}

/** Returns the error of a frame with other flags than that of compression, which no client of the protocols sends. */
export const unknownFlags = (flags: number): ConnectError =>
  stackless(`protocol error: invalid envelope flags ${flags}`, Code.InvalidArgument, undefined, "MALFORMED");
