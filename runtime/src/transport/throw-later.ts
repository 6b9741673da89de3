/** Throws the error of a receiver in a microtask, so that it stops no other call of the connection. */
export function throwLater(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
