import { clientFault, type Failure } from "../failure.ts";

const MAX_KEY_BYTES = 256;

/**
 * Returns the failure of an invalid key; undefined for a valid one. A key is one token of a NATS subject, in which `.`,
 * `*` and `>` are special. They are not escaped, because publishers would not escape them.
 */
export function wrongKey(topic: string, key: string): Failure | undefined {
  const why = flawOf(key);
  if (why === undefined) return undefined;
  return clientFault(`the key of topic ${topic} ${why}: ${quotedKey(key)}`, `the key ${why}`);
}
function flawOf(key: string): string | undefined {
  if (key === "") return "is empty";
  if (UNFIT.test(key)) return "has a character that no key may have";
  return isLong(key) ? "is too long" : undefined;
}
const UNFIT = /[.*>\s\p{Cc}]/u;
const isLong = (key: string): boolean => Buffer.byteLength(key) > MAX_KEY_BYTES;

/** Returns a key for logs: quoted, and cut after 64 characters. */
export const quotedKey = (key: string): string => JSON.stringify(key.slice(0, 64));

/** Returns the key of a subject: `runs.r-1.events` → `r-1`. */
export function keyOf(pattern: string, subject: string): string {
  const [before = "", behind = ""] = pattern.split("{key}");
  return subject.slice(before.length, subject.length - behind.length);
}

/** Returns the subject of a key: `runs.{key}.events` → `runs.r-1.events`. */
export function subjectOf(pattern: string, key: string): string {
  return pattern.replace("{key}", () => key);
}
