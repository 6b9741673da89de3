// What Connect's adapter writes as JSON: what that cannot say of a response is better known before the adapter, which tells nobody.
import { type DescField, type DescMessage, type JsonWriteOptions, type Message, toJson } from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { AnySchema } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, createContextKey, type HandlerContext } from "@connectrpc/connect";
import { findTrailerError } from "@connectrpc/connect/protocol-grpc";
import { type Failure, invalid } from "../failure.ts";

/** What the adapter writes JSON with; undefined: that of a server of one's own, which does not say. */
export const JSON_OPTIONS = createContextKey<Partial<JsonWriteOptions> | undefined>(undefined);

export function asksForJson({ requestHeader, requestMethod, url }: HandlerContext): boolean {
  if (requestMethod === "GET") return new URL(url).searchParams.get("encoding") === "json";
  return /^application\/(?:[\w-]+\+)?json\b/i.test(requestHeader.get("content-type") ?? "");
}

/**
 * Gives what throws an Error when a message cannot be written as JSON. It is false where nobody but Connect can know: an Any, where it is not
 * said which types that may hold.
 */
export function jsonAssertion(
  desc: DescMessage,
): (message: Message, options: Partial<JsonWriteOptions> | undefined) => boolean {
  let any: boolean | undefined;
  return (message, options) => {
    if (options === undefined) any ??= holdsAny(desc);
    if (options === undefined && any === true) return false;
    toJson(desc, message, options);
    return true;
  };
}

function holdsAny(root: DescMessage): boolean {
  const found = new Set([root]);
  for (const { typeName, fields } of found) {
    if (typeName === AnySchema.typeName) return true;
    for (const { message } of fields) if (message !== undefined) found.add(message);
  }
  return false;
}

/** When Connect has written a message that it is given now, or could not: with what observers are told then. Of a client that has gone: with nothing. */
export function whenWritten(
  desc: DescMessage,
  message: Message,
  { signal, responseTrailer }: HandlerContext,
): Promise<Failure | undefined> {
  return new Promise((resolve) => {
    const ended = (): void => {
      const error = errorIn(signal.reason) ?? findTrailerError(responseTrailer);
      resolve(error?.code === Code.Internal ? writeFailure(desc, message, error) : undefined);
    };
    // Connect ends it with every request. What gRPC's trailers say is known when it has let go of the message, which takes it nothing but microtasks.
    signal.addEventListener("abort", () => setImmediate(ended), { once: true });
  });
}
const errorIn = (reason: unknown): ConnectError | undefined =>
  reason instanceof ConnectError && reason.cause instanceof Error ? reason : undefined;

/** Of a message that could not be written, with the field that is to blame where what was thrown does not name it: which field holds an Any. */
export function writeFailure(desc: DescMessage, message: Message, thrown: unknown): Failure {
  const text = messageOf(thrown);
  const path = text === undefined ? undefined : pathOfAny(reflect(desc, message), text);
  return invalid("", path === undefined ? String(thrown) : `${path}: ${text}`, thrown);
}
function messageOf(thrown: unknown): string | undefined {
  if (thrown instanceof ConnectError) return thrown.rawMessage;
  return thrown instanceof Error ? thrown.message : undefined;
}

/** The same, and what it throws is the failure. */
export function withWriteFailure<T>(desc: DescMessage, write: (message: Message) => T): (message: Message) => T {
  return (message) => {
    try {
      return write(message);
    } catch (thrown) {
      throw writeFailure(desc, message, thrown);
    }
  };
}

/** Where the Any is that JSON has these words for, without types: `items[3].detail`. */
function pathOfAny(message: ReflectMessage, said: string): string | undefined {
  for (const field of message.fields) {
    if (!message.isSet(field)) continue;
    for (const [path, inner] of messagesIn(message, field)) {
      if (!isAny(inner)) {
        const below = pathOfAny(inner, said);
        if (below !== undefined) return `${path}.${below}`;
      } else if (fails(inner, said)) return path;
    }
  }
  return undefined;
}
const isAny = ({ desc }: ReflectMessage): boolean => desc.typeName === AnySchema.typeName;
function fails({ desc, message }: ReflectMessage, said: string): boolean {
  try {
    toJson(desc, message);
    return false;
  } catch (thrown) {
    return thrown instanceof Error && thrown.message === said;
  }
}
function* messagesIn(message: ReflectMessage, field: DescField): Generator<readonly [string, ReflectMessage]> {
  const { name } = field;
  if (field.fieldKind === "message") yield [name, message.get(field)];
  else if (field.fieldKind === "list" && field.listKind === "message") {
    let i = 0;
    for (const item of message.get(field)) yield [`${name}[${i++}]`, item as ReflectMessage];
  } else if (field.fieldKind === "map" && field.mapKind === "message")
    for (const [key, value] of message.get(field)) yield [`${name}[${JSON.stringify(key)}]`, value as ReflectMessage];
}
