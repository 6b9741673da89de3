import type { SecondLevel } from "./second-level.ts";

/** Tagged answers that several processes share, and their purges. */
export interface TagStore extends SecondLevel {
  /**
   * Purges tags for all processes.
   *
   * @throws an Error if the store has not confirmed it. This process has purged them anyway
   */
  purge(names: readonly string[]): Promise<void>;
  /**
   * Returns a name of this store, which all of its processes see.
   *
   * @throws an Error if the store does not answer
   */
  name(): Promise<string>;
}
