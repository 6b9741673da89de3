// Converts between HTTP with JSON and the messages of an RPC (google/api/http.proto).
import {
  create,
  type DescField,
  type DescMessage,
  type DescMethodUnary,
  type JsonObject,
  type JsonValue,
  type Message,
  type Registry,
} from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import { ConnectError } from "@connectrpc/connect";
import { emptyJson } from "@protobff/runtime/internal/http-rule/empty-json";
import type { RestRule } from "@protobff/runtime/internal/http-rule/rule";
import { jsonText } from "@protobff/runtime/internal/json/json-text";
import type { JsonMembers } from "@protobff/runtime/internal/json/json-tree";
import { mergeJson, readJson, readJsonField } from "@protobff/runtime/internal/json/read-json";
import { jsonOf } from "@protobff/runtime/internal/json/write-json";
import { type Bounds, messageError } from "@protobff/runtime/internal/routes/bounds";
import { type RestMatch, variableText } from "./matcher.ts";
import { addQuery, addVariable, empty, invalid, type ParameterRule } from "./parameters.ts";

/** Data of a request that matches a rule. */
interface RestInput {
  readonly match: Pick<RestMatch<unknown>, "raw" | "decoded">;
  /** Text after the question mark. */
  readonly query: string;
  readonly body: Uint8Array;
}

export interface Transcoder {
  /** @throws ConnectError with INVALID_ARGUMENT for what is no message of the rpc's */
  readonly read: (input: RestInput) => Message;
  /** Returns an answer with the fields alone that are written. */
  readonly shown: (message: Message) => Message;
  /** @throws an Error for a message that has no JSON */
  readonly write: (message: Message) => Uint8Array;
}

/** @throws TypeError for a rule that names fields which the messages do not have */
export function transcoder(
  { input, output }: DescMethodUnary,
  rule: RestRule,
  { bounds, registry }: { readonly bounds: Bounds; readonly registry: Registry },
): Transcoder {
  const { variables = [], body, responseBody } = rule;
  const bodyField = body === undefined || body === "*" ? undefined : fieldOf(input, body);
  const parameters: ParameterRule = {
    input,
    taken: new Set([...variables.map(({ field }) => field), ...(body === undefined ? [] : [body])]),
  };
  // A request from a newer client may have unknown fields. In a path or a query, an unknown field is a mistake.
  const lenient = { registry, ignoreUnknownFields: true };
  const strict = { registry, ignoreUnknownFields: false };
  const bodyOf = (bytes: Uint8Array): Message => {
    if (bytes.length === 0) return create(input);
    if (body === undefined) throw invalid("this path takes no body");
    const error = messageError(bytes, input, true, bounds);
    if (error !== undefined) throw error;
    const text = DECODER.decode(bytes);
    return named("the body", () =>
      bodyField === undefined
        ? readJson(input, text, lenient)
        : readJsonField(input, bodyField, text, { ...lenient, takesNull: false }),
    );
  };
  return {
    read: ({ match, query, body: bytes }) => {
      const message = bodyOf(bytes);
      if (variables.length === 0 && query === "") return message;
      const json: JsonMembers = empty();
      if (query !== "") addQuery(json, query, parameters, bounds);
      for (const variable of variables) addVariable(json, input, variable.field, variableText(rule, variable, match));
      named("the path or the query", () => mergeJson(input, message, json, strict));
      return message;
    },
    ...writer(output, responseBody, registry),
  };
}

function writer(
  output: DescMessage,
  responseBody: string | undefined,
  registry: Registry,
): Pick<Transcoder, "shown" | "write"> {
  const field = responseBody === undefined ? undefined : fieldOf(output, responseBody);
  const empty = field === undefined ? null : emptyJson(output, field);
  const fieldJson = (message: Message): JsonValue => {
    const all = jsonOf(output, message, registry);
    return field === undefined ? all : ((all as JsonObject)[field.jsonName] ?? empty);
  };
  const textOf = jsonText(output);
  return {
    shown: (message) => (field === undefined ? message : only(output, message, field)),
    write: (message) => ENCODER.encode(textOf(fieldJson(message))),
  };
}
/** Returns a message with one field alone. */
function only(desc: DescMessage, message: Message, field: DescField): Message {
  const [from, to] = [reflect(desc, message), reflect(desc)];
  if (from.isSet(field)) to.set(field, from.get(field));
  return to.message;
}
const ENCODER = new TextEncoder();

function fieldOf(message: DescMessage, name: string): DescField {
  const field = message.fields.find((candidate) => candidate.name === name);
  if (field === undefined) throw new TypeError(`${message.typeName} has no field ${name}`);
  return field;
}

const DECODER = new TextDecoder();

function named<T>(what: string, read: () => T): T {
  try {
    return read();
  } catch (thrown) {
    if (thrown instanceof ConnectError) throw thrown;
    throw invalid(`${what}: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  }
}
