// Elements: how many of lists, maps and JSON a request holds, counted in its bytes before anything is made of them. It knows
// descriptors and formats, and nothing of servers or requests.
import { isUtf8 } from "node:buffer";
import type { DescMessage } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { countBinary } from "./count-binary.ts";
import { countJson } from "./count-json.ts";
import { ELEMENT } from "./element.ts";

/** How many elements a request may hold where nobody says. */
export const MAX_ELEMENTS = 10_000;
/** How large a message from a client may be where nobody says, in bytes: as nginx and most servers of HTTP have it. */
export const MAX_MESSAGE_BYTES = 1 << 20;

/** What a message from a client may hold. */
export interface Bounds {
  readonly maxElements: number;
  /** As of `countJson`. */
  readonly masks: ReadonlySet<string>;
}

/**
 * Before anything is made of a message: no element is counted where there are too few bytes for so many.
 *
 * @throws ConnectError with INVALID_ARGUMENT when it holds too many, or is JSON and not UTF-8 (RFC 8259, 8.1)
 */
export function checkMessage(bytes: Uint8Array, desc: DescMessage, isJson: boolean, bounds: Bounds): void {
  const { maxElements, masks } = bounds;
  if (isJson && !isUtf8(bytes)) throw new ConnectError("the message is not UTF-8", Code.InvalidArgument);
  if (bytes.length <= 2 * maxElements) return; // the smallest element: a tag and a length, or a digit and a comma
  const most = maxElements * ELEMENT;
  const count = isJson ? countJson(bytes, masks, most) : countBinary(desc, bytes, most);
  if (count > most) throw tooMany(maxElements);
}

export function tooMany(maxElements: number): ConnectError {
  return new ConnectError(`the request holds more than ${maxElements} elements`, Code.InvalidArgument);
}
