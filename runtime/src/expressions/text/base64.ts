import { base64Decode, base64Encode } from "@bufbuild/protobuf/wire";
import { ExpressionError } from "../value/error.ts";

/** With padding (RFC 4648, section 4). */
export function encodeBase64(bytes: Uint8Array): string {
  return base64Encode(bytes);
}

/** With padding or without. Throws ExpressionError for another text. */
export function decodeBase64(text: string): Uint8Array {
  const body = text.replace(/={1,2}$/, "");
  if (!/^[A-Za-z0-9+/]*$/.test(body) || body.length % 4 === 1 || (body !== text && text.length % 4 !== 0)) {
    throw new ExpressionError("not base64");
  }
  return base64Decode(body);
}
