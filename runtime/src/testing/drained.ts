import type { Writable } from "node:stream";

/**
 * Resolves when a stream takes more, or is closed. No listener stays: in a race of `once(stream, "drain")` with
 * `once(stream, "close")` each wait would leave one.
 */
export function drained(stream: Writable): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const end = (): void => {
    stream.off("drain", end).off("close", end);
    resolve();
  };
  stream.on("drain", end).on("close", end);
  return promise;
}
