import { clientFault, type Failure } from "../failure.ts";

const MAX_KEY_BYTES = 256;

/**
 * What is wrong with a key; undefined: nothing. It becomes one token of a subject of NATS, where `.`, `*` and `>` mean something. They are
 * not escaped, since those who publish would not know it.
 */
export function wrongKey(topic: string, key: string): Failure | undefined {
  const why =
    key === ""
      ? "is empty"
      : UNFIT.test(key)
        ? "has a character that no key may have"
        : isLong(key)
          ? "is too long"
          : "";
  return why === ""
    ? undefined
    : clientFault(`the key of topic ${topic} ${why}: ${JSON.stringify(key.slice(0, 64))}`, `the key ${why}`);
}
const UNFIT = /[.*>\s\p{Cc}]/u;
const isLong = (key: string): boolean => Buffer.byteLength(key) > MAX_KEY_BYTES;

/** The subject of a key: `runs.{key}.events` → `runs.r-1.events`. */
export function subjectOf(pattern: string, key: string): string {
  return pattern.replace("{key}", () => key);
}
