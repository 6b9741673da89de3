import { createHash, hash } from "node:crypto";
import type { Outgoing } from "./outgoing.ts";
import type { Rpc } from "./upstream.ts";

/** Headers that tell where a request came from and nothing about what it asks for. */
const TRACING = new Set(["traceparent", "tracestate", "baggage", "b3", "x-request-id"]);
const isTracing = (name: string): boolean => TRACING.has(name) || name.startsWith("x-b3-");

/**
 * Equal only for calls that must have the same answer: of the same method, branch and type of answer, with the same bytes and the same
 * metadata, tracing apart. A digest, since metadata may hold secrets.
 */
export function identify(rpc: Rpc<never, unknown>, { frame, headers, told }: Outgoing): string {
  const names =
    headers === undefined ? [] : Object.keys(headers).filter((name) => name !== told?.name && !isTracing(name));
  // JSON keeps the parts apart, whatever is in them.
  const head = JSON.stringify([
    rpc.method,
    rpc.codec.digest(),
    names.sort().map((name) => [name, headers?.[name]]),
    frame.length,
    ...(told === undefined ? [] : [told.name, told.key]),
    ...(rpc.upstream.branch === undefined ? [] : [{ branch: rpc.upstream.branch }]),
  ]);
  if (frame.length > LARGE) return createHash("sha256").update(head).update(frame).digest("base64");
  return hash("sha256", Buffer.concat([Buffer.from(head), frame]), "base64");
}
const LARGE = 16 << 10;
