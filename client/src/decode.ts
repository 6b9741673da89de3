import { type DescMessage, fromJson, type JsonValue, type MessageShape, type Registry } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";

/**
 * Decodes a response of an rpc. Fields that this client does not have are left out: a server may add one at any time.
 *
 * @throws ConnectError INTERNAL if the JSON is no message of this type
 */
export function messageFrom<Desc extends DescMessage>(
  desc: Desc,
  json: JsonValue,
  registry: Registry | undefined,
): MessageShape<Desc> {
  try {
    return fromJson(desc, json, { ignoreUnknownFields: true, ...(registry !== undefined && { registry }) });
  } catch (thrown) {
    throw undecodable(thrown);
  }
}

/** @throws ConnectError INTERNAL if the text is no JSON */
export function jsonFrom(text: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue;
  } catch (thrown) {
    throw undecodable(thrown);
  }
}

/** Code as Connect's transports have it for a response that does not decode. */
export function undecodable(thrown: unknown): ConnectError {
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new ConnectError(`a response does not decode: ${message}`, Code.Internal, undefined, undefined, thrown);
}
