/** Under which a session is found as well: by the provider's session and by its subject. */
export interface Groups {
  readonly names: readonly string[];
  /** Lifetime of a group, in milliseconds: the maximum lifetime of a session. */
  readonly lifeMs: number;
}

/** Store of sealed sessions. Every method rejects within a second if the store is unreachable. */
export interface SessionStore {
  /**
   * Returns the value of a key and extends its lifetime to `idleMs` from now; undefined if there is none.
   *
   * @param key of at most 100 characters
   */
  touch(key: string, idleMs: number): Promise<Buffer | undefined>;
  /** Returns the value without extending its lifetime. */
  get(key: string): Promise<Buffer | undefined>;
  add(key: string, sealed: Buffer, lifeMs: number, groups: Groups): Promise<void>;
  /** Replaces an existing value; false: the value no longer exists, and none is written. */
  replace(key: string, sealed: Buffer, lifeMs: number): Promise<boolean>;
  delete(key: string): Promise<void>;
  /** Deletes all values that were added with this group. Returns their number. */
  deleteGroup(group: string): Promise<number>;
  /**
   * Takes a free lock, for all processes.
   *
   * @param lifeMs time after which the lock is free again, even if its holder has crashed
   * @returns a function that releases it; undefined: the lock is held elsewhere
   */
  lock(key: string, lifeMs: number): Promise<(() => Promise<void>) | undefined>;
  close(): Promise<void>;
}
