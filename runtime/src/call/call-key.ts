import { createHash, hash } from "node:crypto";
import { isTraceId } from "@protobff/messages/trace-ids.js";
import type { Metadata } from "./headers.ts";
import type { OutgoingCall } from "./outgoing-call.ts";
import type { Rpc } from "./upstream.ts";

/**
 * Equal only for calls that must have the same answer: of the same method, branch and type of answer, with the same bytes and the same
 * metadata, forwarded trace ids apart. A digest, since metadata may hold secrets.
 */
export function callKey(rpc: Rpc<never, unknown>, { frame, headers, metadata, identity }: OutgoingCall): string {
  let made: ReadonlySet<string> | undefined; // most calls forward no trace id
  const isMade = (name: string): boolean => {
    made ??= madeTraceIds(metadata);
    return made.has(name);
  };
  const counts = (name: string): boolean => name !== identity?.name && (!isTraceId(name) || isMade(name));
  const names = headers === undefined ? [] : Object.keys(headers).filter(counts);
  // JSON keeps the parts apart, whatever is in them.
  const head = JSON.stringify([
    FORMAT,
    rpc.method,
    rpc.codec.digest(),
    names.sort().map((name) => [name, headers?.[name]]),
    frame.length,
    ...(identity === undefined ? [] : [identity.name, identity.key]),
    ...(rpc.upstream.branch === undefined ? [] : [{ branch: rpc.upstream.branch }]),
  ]);
  if (frame.length > LARGE) return createHash("sha256").update(head).update(frame).digest("base64");
  return hash("sha256", Buffer.concat([Buffer.from(head), frame]), "base64");
}
const LARGE = 16 << 10;
/** Raised when keys begin to hold more: answers in Redis under older keys were for callers who differ in it. */
const FORMAT = 2;

/** The trace ids whose values come from expressions and not from the client. */
function madeTraceIds(metadata: Metadata | undefined): ReadonlySet<string> {
  if (metadata === undefined) return NONE;
  const names = Object.keys(metadata).filter((name) => metadata[name]?.length);
  return new Set(names.map((name) => name.toLowerCase()).filter(isTraceId));
}
const NONE: ReadonlySet<string> = new Set();
