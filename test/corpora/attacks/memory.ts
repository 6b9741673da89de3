// Preloaded into the BFF that is attacked (`node --expose-gc --import`): tells what it holds after a forced collection.

/** In bytes: objects, buffers, and what nghttp2 and others have outside of both; then what the system counts. */
export interface Memory {
  readonly heap: number;
  readonly buffers: number;
  readonly external: number;
  readonly rss: number;
}

process.on("message", () => {
  for (let i = 0; i < 3; i++) globalThis.gc?.();
  const { heapUsed, arrayBuffers, external, rss } = process.memoryUsage();
  const held: Memory = { heap: heapUsed, buffers: arrayBuffers, external: external - arrayBuffers, rss };
  process.send?.(held);
});
// The server ends on its own, and with whoever asks.
process.channel?.unref();
process.on("disconnect", () => process.exit(1));
