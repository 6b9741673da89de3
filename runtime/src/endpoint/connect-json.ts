// JSON that Connect's adapter writes. A response that JSON cannot represent must be found before the adapter, which
// does not report it.
import { type DescMessage, type JsonWriteOptions, type Message, toJson } from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { AnySchema } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, createContextKey, type HandlerContext } from "@connectrpc/connect";
import { findTrailerError } from "@connectrpc/connect/protocol-grpc";
import { type Failure, invalid } from "../failure.ts";
import { messagesIn } from "../json/messages-in.ts";

/** JSON options of the adapter; undefined for a custom server, which does not pass its options. */
export const JSON_OPTIONS = createContextKey<Partial<JsonWriteOptions> | undefined>(undefined);

/** Answer that is JSON for the client, and protobuf for Connect's handler. */
export interface JsonAnswer {
  /** The bytes of the response, once it is known. */
  written: Uint8Array | undefined;
  /** Throws for a message that has no JSON. */
  readonly write: (message: Message) => Uint8Array;
}
export const JSON_ANSWER = createContextKey<JsonAnswer | undefined>(undefined);

export function requestsJson({ requestHeader, requestMethod, url }: HandlerContext): boolean {
  if (requestMethod === "GET") return new URL(url).searchParams.get("encoding") === "json";
  return /^application\/(?:[\w-]+\+)?json\b/i.test(requestHeader.get("content-type") ?? "");
}

/**
 * Returns a function that throws an Error if a message cannot be written as JSON. It returns false if only Connect can
 * decide: for an Any whose types are not declared.
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

/**
 * Resolves when Connect has written the given message, or has failed to. The value is the failure for observers;
 * undefined for a disconnected client.
 */
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
    // Connect aborts the signal at the end of every request. gRPC's trailers are final once Connect has released the
    // message, which takes only microtasks.
    signal.addEventListener("abort", () => setImmediate(ended), { once: true });
  });
}
const errorIn = (reason: unknown): ConnectError | undefined =>
  reason instanceof ConnectError && reason.cause instanceof Error ? reason : undefined;

/**
 * Returns the failure of a message that could not be written. It names the field with the Any if the thrown error does
 * not.
 */
export function writeFailure(desc: DescMessage, message: Message, thrown: unknown): Failure {
  const text = messageOf(thrown);
  const path = text === undefined ? undefined : pathOfAny(reflect(desc, message), text);
  return invalid("", path === undefined ? String(thrown) : `${path}: ${text}`, thrown);
}
function messageOf(thrown: unknown): string | undefined {
  if (thrown instanceof ConnectError) return thrown.rawMessage;
  return thrown instanceof Error ? thrown.message : undefined;
}

/** Returns a writer that throws that failure. */
export function withWriteFailure<T>(desc: DescMessage, write: (message: Message) => T): (message: Message) => T {
  return (message) => {
    try {
      return write(message);
    } catch (thrown) {
      throw writeFailure(desc, message, thrown);
    }
  };
}

/** Returns the path of the Any for which JSON without types fails with this text: `items[3].detail`. */
function pathOfAny(message: ReflectMessage, errorMessage: string): string | undefined {
  for (const field of message.fields) {
    if (!message.isSet(field)) continue;
    for (const [path, inner] of messagesIn(message, field)) {
      if (!isAny(inner)) {
        const below = pathOfAny(inner, errorMessage);
        if (below !== undefined) return `${path}.${below}`;
      } else if (fails(inner, errorMessage)) return path;
    }
  }
  return undefined;
}
const isAny = ({ desc }: ReflectMessage): boolean => desc.typeName === AnySchema.typeName;
function fails({ desc, message }: ReflectMessage, errorMessage: string): boolean {
  try {
    toJson(desc, message);
    return false;
  } catch (thrown) {
    return thrown instanceof Error && thrown.message === errorMessage;
  }
}
