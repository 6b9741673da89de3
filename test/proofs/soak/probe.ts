// Preloaded into the BFF's process (`node --expose-gc --import`): reports the resources of the process on request. The
// server itself is the generated one, and does not use this file.
import { EventEmitter } from "node:events";
import { queryObjects } from "node:v8";

/** Resources of a process at a quiet moment. */
export interface Held {
  /** Handles that keep the event loop alive, by kind. */
  readonly handles: Readonly<Record<string, number>>;
  /** On the process and on all its handles. */
  readonly listeners: number;
  /** Living objects that requests are made of, after a forced collection. */
  readonly objects: Readonly<Record<string, number>>;
  /** Bytes in use after a forced collection; of it, of buffers outside of the heap. */
  readonly heapBytes: number;
  readonly bufferBytes: number;
}

const collect = globalThis.gc;
if (collect === undefined) throw new Error("the probe needs --expose-gc");
const Timer = Object.getPrototypeOf(setTimeout(() => {}, 0).unref()).constructor;

function handlesByKind(): Held["handles"] {
  const handles: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) handles[kind] = (handles[kind] ?? 0) + 1;
  return handles;
}

function held(): Held {
  const { _getActiveHandles: active } = process as unknown as { _getActiveHandles(): readonly unknown[] };
  const emitters = [process, ...active.call(process)].filter((handle) => handle instanceof EventEmitter);
  const listeners = emitters.flatMap((emitter) => emitter.eventNames().map((name) => emitter.listenerCount(name)));
  const count = (kind: Parameters<typeof queryObjects>[0]): number => Number(queryObjects(kind, { format: "count" }));
  const objects = {
    EventEmitter: count(EventEmitter),
    AbortSignal: count(AbortSignal),
    Timeout: count(Timer),
    Promise: count(Promise),
  };
  for (let i = 0; i < 3; i++) collect?.();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return {
    handles: handlesByKind(),
    listeners: listeners.reduce((sum, count) => sum + count, 0),
    objects,
    heapBytes: heapUsed,
    bufferBytes: arrayBuffers,
  };
}

process.on("message", (question) => process.send?.(question === "handles" ? handlesByKind() : held()));
// The channel must not keep the server alive, and the server ends with its parent: no other process would end it then.
process.channel?.unref();
process.on("disconnect", () => process.exit(1));
