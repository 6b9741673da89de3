import { createHash, hash } from "node:crypto";
import { isTraceId } from "@protobff/messages/trace-ids.js";
import { typeDigest } from "../cache/type-digest.ts";
import type { Metadata } from "./headers.ts";
import type { OutgoingCall } from "./outgoing-call.ts";
import type { Rpc } from "./upstream.ts";

/**
 * Returns a key that is equal only for calls that must have the same answer. They have the same method, branch, shard,
 * type of answer, bytes, tags and metadata, apart from forwarded trace ids. It is a digest, since metadata may hold
 * secrets.
 */
export function callKey(rpc: Rpc<never, unknown>, outgoing: OutgoingCall): string {
  const { frame, headers, metadata, identity, holes = [] } = outgoing;
  const tag = rpc.cache?.tag;
  let generated: ReadonlySet<string> | undefined; // most calls forward no trace id
  const isGenerated = (name: string): boolean => {
    generated ??= generatedTraceIds(metadata);
    return generated.has(name);
  };
  const counts = (name: string): boolean => name !== identity?.name && (!isTraceId(name) || isGenerated(name));
  const names = headers === undefined ? [] : Object.keys(headers).filter(counts);
  // JSON separates the parts, whatever they contain.
  const head = JSON.stringify([
    FORMAT,
    rpc.method,
    rpc.codec.output === undefined ? "" : typeDigest(rpc.codec.output),
    names.sort().map((name) => [name, headers?.[name]]),
    frame.length,
    ...(identity === undefined ? [] : [identity.name, identity.key]),
    ...(rpc.upstream.branch === undefined ? [] : [{ branch: rpc.upstream.branch }]),
    ...(rpc.upstream.shard === undefined ? [] : [{ shard: rpc.upstream.shard }]),
    // An answer with other tags is another one: a purge of these tags does not reach it.
    ...(tag === undefined ? [] : [{ tag, holes: holes.map(String) }]),
  ]);
  if (frame.length > LARGE) return createHash("sha256").update(head).update(frame).digest("base64");
  return hash("sha256", Buffer.concat([Buffer.from(head), frame]), "base64");
}
const LARGE = 16 << 10;
/**
 * Version of the keys' format. It is raised when keys contain more: answers in Redis under older keys may be for
 * callers that differ in the new part.
 */
const FORMAT = 2;

/** Returns the trace ids whose values are from expressions instead of the client. */
function generatedTraceIds(metadata: Metadata | undefined): ReadonlySet<string> {
  if (metadata === undefined) return NONE;
  const names = Object.keys(metadata).filter((name) => metadata[name]?.length);
  return new Set(names.map((name) => name.toLowerCase()).filter(isTraceId));
}
const NONE: ReadonlySet<string> = new Set();
