/** Under which a session is found as well: by the provider's session and by its subject. */
export interface Groups {
  readonly names: readonly string[];
  /** How long they are kept: as long as any session can last. */
  readonly lifeMs: number;
}

/** Where sessions are kept, sealed. Every method rejects where the store is away, within a second. */
export interface SessionStore {
  /**
   * What is kept under a key, which is kept for another `idleMs` from now; undefined: nothing.
   *
   * @param key of at most 100 characters
   */
  touch(key: string, idleMs: number): Promise<Buffer | undefined>;
  /** Without keeping it longer. */
  get(key: string): Promise<Buffer | undefined>;
  add(key: string, sealed: Buffer, lifeMs: number, groups: Groups): Promise<void>;
  /** Puts this in the place of what is there; false: nothing is there any more, and stays so. */
  replace(key: string, sealed: Buffer, lifeMs: number): Promise<boolean>;
  delete(key: string): Promise<void>;
  /** Deletes all that were added with this group; gives how many there were. */
  deleteGroup(group: string): Promise<number>;
  /**
   * Takes a lock that nobody has, for all processes.
   *
   * @param lifeMs after which it is free again, whatever became of its holder
   * @returns how to give it back; undefined: somebody else has it
   */
  lock(key: string, lifeMs: number): Promise<(() => Promise<void>) | undefined>;
  close(): Promise<void>;
}
