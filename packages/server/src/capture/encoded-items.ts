/** Bytes that items of streams and topics were decoded from. */
export const ENCODED = new WeakMap<object, Uint8Array>();

/** Returns a decoder whose items are in `ENCODED`. */
export function remembering<Item>(decode: (bytes: Uint8Array) => Item): (bytes: Uint8Array) => Item {
  return (bytes) => {
    const item = decode(bytes);
    if (typeof item === "object" && item !== null) ENCODED.set(item, bytes);
    return item;
  };
}
