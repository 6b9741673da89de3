import type { DescMessage, Message, Registry } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { stackless } from "../endpoint/connect-error.ts";
import { readJson } from "../json/read-json.ts";
import { markReleasable } from "../wire/release-buffer.ts";

const DECODER = new TextDecoder();

/**
 * Returns the message of a request in JSON. Unknown fields are left out, since a client may have a newer schema.
 *
 * @param bytes UTF-8
 * @throws ConnectError INVALID_ARGUMENT
 */
export function parseJson(desc: DescMessage, bytes: Uint8Array, registry: Registry): Message {
  const text = DECODER.decode(bytes);
  markReleasable(bytes);
  try {
    return readJson(desc, text, { registry, ignoreUnknownFields: true });
  } catch (thrown) {
    throw stackless(`parse JSON: ${thrown instanceof Error ? thrown.message : "unknown"}`, Code.InvalidArgument);
  }
}
