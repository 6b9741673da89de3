// JSON at Connect's adapter. `routes` and our server convert JSON themselves. For the endpoint's own `route` in another
// router, which never sees the bytes, Connect writes it; a response without JSON must then be found before.
import { type DescMessage, type Message, toJson } from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { AnySchema } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, createContextKey, type HandlerContext } from "@connectrpc/connect";
import { findTrailerError } from "@connectrpc/connect/protocol-grpc";
import { type Failure, invalid } from "../failure.ts";
import { messagesIn } from "../json/messages-in.ts";
import type { LeftOut } from "./leave-out.ts";

/** Answer that is JSON for the client, and protobuf for Connect's handler. */
export interface JsonAnswer {
  /** JSON of the last message of `sendable`. */
  bytes: Uint8Array | undefined;
  /** Returns the message without fields that JSON cannot represent. Throws a `Failure` for a message without JSON. */
  readonly sendable: (message: Message, leftOut: LeftOut | undefined) => Message;
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
export function jsonAssertion(desc: DescMessage): (message: Message) => boolean {
  let any: boolean | undefined;
  return (message) => {
    any ??= holdsAny(desc);
    if (any) return false;
    toJson(desc, message);
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
