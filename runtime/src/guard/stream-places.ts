import { Limit } from "./limit.ts";

/** An open stream that is not read for now. */
export interface IdleStream {
  /** Ends it, so that its places are free when this returns. */
  giveWay(): void;
}

/**
 * Places of open streams. If no place is free, a stream takes the place of the stream that has been idle for the
 * longest time. No stream waits.
 */
export class StreamPlaces extends Limit {
  readonly #idle = new Set<IdleStream>();

  constructor(most: number) {
    super({ concurrent: most, queued: 0 });
  }
  /** @returns whether there was a place */
  take(): boolean {
    if (this.enter(NOBODY) === "go") return true;
    const [idle] = this.#idle;
    idle?.giveWay();
    return idle !== undefined && this.enter(NOBODY) === "go";
  }
  idle(stream: IdleStream): void {
    this.#idle.add(stream);
  }
  busy(stream: IdleStream): void {
    this.#idle.delete(stream);
  }
}
const NOBODY = { admitted() {} };
