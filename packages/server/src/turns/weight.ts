// The weight of a request: the time to begin it, as a multiple of what a small request on a shortcut takes.

/** The weight of a request that node and Connect serve. */
export const ADAPTER_WEIGHT = 4;
/** Bytes of a message that take as long as a small request on a shortcut. */
const WEIGHED_BYTES = 128 << 10;
/** @param bytes of the message */
export const shortcutWeight = (bytes: number): number => 1 + Math.floor(bytes / WEIGHED_BYTES);
/** @param bytes of the message */
export const adapterWeight = (bytes: number): number => ADAPTER_WEIGHT + Math.floor(bytes / WEIGHED_BYTES);

/** A request of HTTP/2 that has arrived completely. */
export interface Whole {
  /** Default 1. */
  readonly weight?: number;
  /** Begins or continues the request; does nothing if it has ended meanwhile. */
  begin(): void;
}

export const weightOf = (request: Whole | undefined): number => request?.weight ?? 1;
export const isHeavy = (request: Whole | undefined): boolean => weightOf(request) > ADAPTER_WEIGHT;
