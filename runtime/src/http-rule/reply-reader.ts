// The JSON of an answer becomes a message.
import { type DescMessage, type Registry, toBinary } from "@bufbuild/protobuf";
import { readJson, readJsonField } from "../json/read-json.ts";
import { emptyJson } from "./empty-json.ts";
import type { RestRule } from "./rule.ts";

/** @throws Error for a text that is no message of the rpc's */
export type ReplyReader = (text: string) => Uint8Array;

/**
 * Returns a function from JSON to the bytes of messages. Fields unknown to their types are left out, since the upstream
 * may have a newer schema.
 *
 * @throws TypeError for a rule that names a field which the message does not have
 */
export function replyReader(output: DescMessage, { responseBody }: RestRule, registry: Registry): ReplyReader {
  const options = { registry, ignoreUnknownFields: true };
  if (responseBody === undefined) return (text) => toBinary(output, readJson(output, text, options));
  const field = output.fields.find((candidate) => candidate.name === responseBody);
  if (field === undefined) throw new TypeError(`${output.typeName} has no field ${responseBody}`);
  // Null is the JSON of some fields that are unset.
  const ofField = { ...options, takesNull: emptyJson(output, field) === null };
  return (text) => toBinary(output, readJsonField(output, field, text, ofField));
}
