// Headers of requests that may be written in several ways, as Connect and the fast paths read them.
import type { ConnectRouter } from "@connectrpc/connect";
import type { UniversalHandler, UniversalServerRequest } from "@connectrpc/connect/protocol";
import { plainType } from "../wire/media-type.ts";

/** Codings are compared without case, and `x-gzip` is gzip (RFC 9110, 8.4.1). */
function plainCoding(value: string): string {
  const name = value.trim().toLowerCase();
  return name === "x-gzip" ? "gzip" : name;
}

/** Returns the accepted codings in the order of their weights (RFC 9110, 12.4.2 and 12.5.3). */
function plainCodings(value: string): string {
  const read = value.slice(0, MAX_VALUE_CHARACTERS);
  if (!SPECIAL.test(read)) return read;
  const weighted = read.split(",").map((part) => {
    const [name = "", ...parameters] = part.split(";");
    const weight = parameters.map((parameter) => WEIGHT.exec(parameter)?.[1]).find((found) => found !== undefined);
    return { name: plainCoding(name), weight: Number(weight ?? 1) || 0 };
  });
  const accepted = weighted.filter(({ weight }) => weight > 0).sort((a, b) => b.weight - a.weight);
  // Without a value, Connect would compress as the request is.
  return accepted.map(({ name }) => name).join(",") || "identity";
}
/** Number of characters that are read of a list. */
const MAX_VALUE_CHARACTERS = 1_000;
const SPECIAL = /[;A-Z]|x-/;
const WEIGHT = /^\s*q\s*=\s*(.*)$/i;

const READERS: readonly (readonly [name: string, read: (value: string) => string])[] = [
  ["content-type", plainType],
  ["content-encoding", plainCoding],
  ["grpc-encoding", plainCoding],
  ["connect-content-encoding", plainCoding],
  ["accept-encoding", plainCodings],
  ["grpc-accept-encoding", plainCodings],
  ["connect-accept-encoding", plainCodings],
];
/** Ordinary values of these headers, so that they need not be read. */
const ORDINARY: ReadonlySet<unknown> = new Set([
  ...["application/json", "application/proto", "application/grpc", "application/grpc+proto"],
  ...["identity", "gzip", "br", "identity,deflate,gzip", "gzip,br", "gzip, deflate", "gzip, deflate, br"],
]);

/** Rewrites the headers of a request in place: the type without parameters, and codings in lower case. */
export function useOrdinaryHeaders(headers: Record<string, string | string[] | undefined>): void {
  if (areOrdinary(headers)) return;
  for (const [name, read] of READERS) {
    const value = headers[name];
    if (!ORDINARY.has(value) && typeof value === "string") headers[name] = read(value);
  }
}

/** Reads the headers of `READERS` by constant names, which costs a tenth of a loop: it runs for each request. */
function areOrdinary(headers: Record<string, string | string[] | undefined>): boolean {
  const isOrdinary = (value: string | string[] | undefined) => value === undefined || ORDINARY.has(value);
  return (
    isOrdinary(headers["content-type"]) &&
    isOrdinary(headers["content-encoding"]) &&
    isOrdinary(headers["grpc-encoding"]) &&
    isOrdinary(headers["connect-content-encoding"]) &&
    isOrdinary(headers["accept-encoding"]) &&
    isOrdinary(headers["grpc-accept-encoding"]) &&
    isOrdinary(headers["connect-accept-encoding"])
  );
}

/** Rewrites the headers of requests to all handlers of the router in the same way. */
export function withOrdinaryHeaders(router: ConnectRouter): void {
  const all = router.handlers.splice(0);
  router.handlers.push(...all.map(reading));
}
function reading(handler: UniversalHandler): UniversalHandler {
  const serve = (request: UniversalServerRequest): ReturnType<UniversalHandler> => {
    const { header } = request;
    for (const [name, read] of READERS) {
      const value = header.get(name);
      if (value !== null && !ORDINARY.has(value)) header.set(name, read(value));
    }
    return handler(request);
  };
  // Connect reads the handler's own properties, `requestPath` for example.
  return Object.assign(serve, handler);
}
