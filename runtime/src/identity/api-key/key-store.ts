/** What is kept of a key. Times are Unix seconds. */
export interface StoredKey {
  /** By which people call it. */
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

/** A key that has been used, by its digest, and when. */
export interface KeyUse {
  readonly digest: string;
  readonly second: number;
}

/** Where keys are kept, by the SHA-256 of each in base64url. Whatever it throws means that it cannot be reached, or does not work. */
export interface KeyStore {
  /** Makes it ready, with an empty table if there is none. */
  open(): void | Promise<void>;
  find(digest: string): StoredKey | undefined | Promise<StoredKey | undefined>;
  /** Notes when keys were used last. */
  used(uses: readonly KeyUse[]): void | Promise<void>;
  add(digest: string, key: StoredKey): void | Promise<void>;
  /** @returns what it was before; undefined where there is none of this id */
  revoke(id: string, second: number): StoredKey | undefined | Promise<StoredKey | undefined>;
  /** The oldest first. */
  list(): readonly StoredKey[] | Promise<readonly StoredKey[]>;
  close(): void | Promise<void>;
}
