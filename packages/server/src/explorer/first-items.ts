// The first messages of an rpc that streams, by Connect's protocol (https://connectrpc.com/docs/protocol#streaming-rpcs).
import type { IncomingMessage } from "node:http";

const PREFIX_BYTES = 5;
const END = 2;
/** Maximum number of shown items, and longest wait for the next item, in milliseconds. */
const MOST = 20;
const QUIET_MS = 3_000;

interface FirstItems {
  /** Items as received: JSON. */
  readonly items: readonly string[];
  /** Content of the end message; undefined: the stream continues. */
  readonly end: string | undefined;
}

/** A message as the only one of a request. */
export function enveloped(json: string): Buffer {
  const message = Buffer.from(json);
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

/**
 * Reads until there are enough of them, or nothing comes for a while, or it is at its end; then the response is left.
 *
 * @param maxBytes of all
 * @throws RangeError where there are more
 */
export async function firstItems(response: IncomingMessage, maxBytes: number): Promise<FirstItems> {
  const items: string[] = [];
  let rest: Buffer = Buffer.alloc(0);
  let bytes = 0;
  const quiet = setTimeout(() => response.destroy(), QUIET_MS);
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      quiet.refresh();
      bytes += chunk.length;
      if (bytes > maxBytes) throw new RangeError(`the answer has more than ${maxBytes} bytes`);
      rest = Buffer.concat([rest, chunk]);
      while (rest.length >= PREFIX_BYTES && rest.length >= PREFIX_BYTES + rest.readUInt32BE(1)) {
        const length = rest.readUInt32BE(1);
        const text = rest.toString("utf8", PREFIX_BYTES, PREFIX_BYTES + length);
        if (((rest[0] ?? 0) & END) !== 0) return { items, end: text };
        items.push(text);
        rest = rest.subarray(PREFIX_BYTES + length);
        if (items.length === MOST) return { items, end: undefined };
      }
    }
  } catch (thrown) {
    if (thrown instanceof RangeError) throw thrown;
    // We have left it, or it was cut: what has come is shown.
  } finally {
    clearTimeout(quiet);
    response.destroy();
  }
  return { items, end: undefined };
}
