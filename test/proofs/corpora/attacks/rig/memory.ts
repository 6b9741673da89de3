// Preloaded into the attacked BFF (`node --expose-gc --import`): reports its memory after a forced collection.

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
// The channel must not keep the server alive, and the server ends with its parent.
process.channel?.unref();
process.on("disconnect", () => process.exit(1));
