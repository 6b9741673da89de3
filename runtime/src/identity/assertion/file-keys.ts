import { createPublicKey, type KeyObject } from "node:crypto";
import { closeSync, openSync, readSync } from "node:fs";
import type { Clock, Timer } from "../../clock.ts";
import { MAX_DOCUMENT_BYTES } from "../jwt/fetch-document.ts";
import { chosen, type Key, readKeys } from "../jwt/keys.ts";
import { keyIdOf } from "../propagation/assertion.ts";
import { ed25519, type IssuerKeys } from "./verify-assertion.ts";

/** Interval between reads of the file, in milliseconds. */
const LOOK_MS = 10_000;

/**
 * Reads the keys in a file: a JWK set, as `/.well-known/bff-keys` serves it, or a sequence of public keys in PEM.
 *
 * @throws Error whose message describes the problem
 */
export function readKeyFile(path: string): readonly Key[] {
  const text = readBounded(path);
  return readKeys(text.trimStart().startsWith("{") ? text : jwksOf(text), ed25519);
}

/** @throws Error if it cannot be read, or is longer than any set of keys */
function readBounded(path: string): string {
  const file = openSync(path, "r");
  try {
    const bytes = Buffer.alloc(MAX_DOCUMENT_BYTES + 1);
    let length = 0;
    for (let read = -1; read !== 0 && length < bytes.length; length += read)
      read = readSync(file, bytes, length, bytes.length - length, null);
    if (length > MAX_DOCUMENT_BYTES) throw new Error(`has more than ${MAX_DOCUMENT_BYTES} bytes`);
    return bytes.toString("utf8", 0, length);
  } finally {
    closeSync(file);
  }
}

const PEM = /-----BEGIN PUBLIC KEY-----[^-]+-----END PUBLIC KEY-----/g;

function jwksOf(text: string): string {
  const keys = (text.match(PEM) ?? []).map((pem) => {
    let key: KeyObject;
    try {
      key = createPublicKey(pem);
    } catch {
      throw new Error("has a public key in it that cannot be read");
    }
    if (key.asymmetricKeyType !== "ed25519") throw new Error("has a key of another kind than Ed25519 in it");
    return { ...key.export({ format: "jwk" }), kid: keyIdOf(key) };
  });
  return JSON.stringify({ keys });
}

/**
 * Keys in a file that is reread periodically, because mounted files change while a process runs. An invalid file
 * changes nothing.
 */
export class FileKeys implements IssuerKeys {
  readonly opened = Promise.resolve();
  readonly serving = true;
  readonly #path: string;
  readonly #clock: Clock;
  readonly #failed: (error: unknown) => void;
  #keys: readonly Key[];
  #failing = false;
  #timer: Timer | undefined;

  /**
   * @param failed called when reading begins to fail
   * @throws Error for a file that contains no keys
   */
  constructor(path: string, clock: Clock, failed: (error: unknown) => void) {
    this.#path = path;
    this.#clock = clock;
    this.#failed = failed;
    this.#keys = readKeyFile(path);
    this.#later();
  }

  find(id: string | undefined, algorithm: string): Key | undefined {
    return chosen(this.#keys, id, algorithm);
  }
  async close(): Promise<void> {
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #later(): void {
    this.#timer = this.#clock.setTimeout(() => this.#look(), LOOK_MS, undefined);
  }
  #look(): void {
    try {
      const before = new Map(this.#keys.map((key) => [key.identity, key]));
      this.#keys = readKeyFile(this.#path).map((key) => before.get(key.identity) ?? key);
      for (const key of before.values()) key.live = this.#keys.includes(key);
      this.#failing = false;
    } catch (error) {
      if (!this.#failing) this.#failed(error);
      this.#failing = true;
    }
    this.#later();
  }
}
