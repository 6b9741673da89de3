// What Connect's adapter writes as JSON: what that cannot say of a response is better known before the adapter, which tells nobody.
import { type DescMessage, type JsonWriteOptions, type Message, toJson } from "@bufbuild/protobuf";
import { createContextKey, type HandlerContext } from "@connectrpc/connect";

/** What the adapter writes JSON with; undefined: that of a server of one's own, which does not say. */
export const JSON_OPTIONS = createContextKey<Partial<JsonWriteOptions> | undefined>(undefined);

export function asksForJson({ requestHeader, requestMethod, url }: HandlerContext): boolean {
  if (requestMethod === "GET") return new URL(url).searchParams.get("encoding") === "json";
  return /^application\/(?:[\w-]+\+)?json\b/i.test(requestHeader.get("content-type") ?? "");
}

/** Gives what throws an Error when a message cannot be written as JSON; of an Any only where it is known what that may hold. */
export function jsonAssertion(
  desc: DescMessage,
): (message: Message, options: Partial<JsonWriteOptions> | undefined) => void {
  let any: boolean | undefined;
  return (message, options) => {
    if (options === undefined) any ??= holdsAny(desc);
    if (options !== undefined || any === false) toJson(desc, message, options);
  };
}

function holdsAny(root: DescMessage): boolean {
  const found = new Set([root]);
  for (const { typeName, fields } of found) {
    if (typeName === "google.protobuf.Any") return true;
    for (const { message } of fields) if (message !== undefined) found.add(message);
  }
  return false;
}
