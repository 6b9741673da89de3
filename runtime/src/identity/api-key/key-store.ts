/** Stored record of a key. Times are Unix seconds. */
export interface StoredKey {
  /** Public name of the key, for operators. */
  readonly id: string;
  readonly subject: string;
  /** A JSON object, as a text. */
  readonly claims: string;
  readonly scopes: readonly string[];
  readonly created: number;
  readonly expires: number | undefined;
  readonly revoked: number | undefined;
  readonly lastUsed: number | undefined;
}

/** Last use of a key, by its digest. */
export interface KeyUse {
  readonly digest: string;
  readonly second: number;
}

/**
 * Storage of keys, by the SHA-256 of each in base64url. Any error means that the store cannot be reached, or does not
 * work.
 */
export interface KeyStore {
  /** Prepares the store, and creates the table if it does not exist. */
  open(): void | Promise<void>;
  find(digest: string): StoredKey | undefined | Promise<StoredKey | undefined>;
  /** Stores the time of the last use of keys. */
  used(uses: readonly KeyUse[]): void | Promise<void>;
  add(digest: string, key: StoredKey): void | Promise<void>;
  /** @returns the record before the revocation; undefined if no key has this id */
  revoke(id: string, second: number): StoredKey | undefined | Promise<StoredKey | undefined>;
  /** Returns all keys, the oldest first. */
  list(): readonly StoredKey[] | Promise<readonly StoredKey[]>;
  close(): void | Promise<void>;
}
