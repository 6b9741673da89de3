/** What a receiver throws is thrown where no other call of the connection is in its way. */
export function uncaught(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
