import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Clock, Timer } from "../../clock.ts";
import type { Settings } from "../settings.ts";
import { keyIdOf, type NamedKey } from "./assertion.ts";

const KEY_FILES = "BFF_IDENTITY_KEY_FILES";
/** Interval between reads of the files, in milliseconds. */
const LOOK_MS = 10_000;
const REMEDY =
  "paths of Ed25519 keys in PEM, such as `openssl genpkey -algorithm ed25519 -out key.pem` makes, separated by commas: the first signs, all are published";

/** The keys for signatures. The first one signs, all are published. */
export interface Keys {
  readonly first: NamedKey;
  readonly all: readonly NamedKey[];
}

/** Reads the keys for the first time. Returns undefined after a fault, which is reported. */
export function readKeyFiles(
  settings: Settings,
): { readonly paths: readonly string[]; readonly keys: Keys } | undefined {
  const paths = settings.strings(KEY_FILES, "");
  if (paths.length === 0) {
    settings.fault(KEY_FILES, "is not set", REMEDY);
    return undefined;
  }
  try {
    return { paths, keys: keysOf(paths) };
  } catch (thrown) {
    settings.fault(KEY_FILES, thrown instanceof Error ? thrown.message : String(thrown), REMEDY);
    return undefined;
  }
}

/** @throws Error whose message is the end of a sentence that begins with the variable */
function keysOf(paths: readonly string[]): Keys {
  const all = paths.map((path): NamedKey => {
    let key: KeyObject;
    try {
      key = createPrivateKey(readFileSync(path));
    } catch {
      throw new Error(`names ${JSON.stringify(path)}, which cannot be read as a private key`);
    }
    if (key.asymmetricKeyType !== "ed25519")
      throw new Error(`names ${JSON.stringify(path)}, which is a key of another kind than Ed25519`);
    return { id: keyIdOf(createPublicKey(key)), key };
  });
  const [first] = all;
  if (first === undefined) throw new Error("names no file");
  return { first, all };
}

/**
 * Keys in files that are reread periodically, because mounted secrets change while a process runs. An invalid file
 * changes nothing.
 */
export class KeyFiles {
  readonly #paths: readonly string[];
  readonly #clock: Clock;
  readonly #changed: (keys: Keys) => void;
  readonly #failed: (error: unknown) => void;
  #keys: Keys;
  #timer: Timer | undefined;

  constructor(
    { paths, keys }: { readonly paths: readonly string[]; readonly keys: Keys },
    clock: Clock,
    { changed, failed }: { readonly changed: (keys: Keys) => void; readonly failed: (error: unknown) => void },
  ) {
    this.#paths = paths;
    this.#keys = keys;
    this.#clock = clock;
    this.#changed = changed;
    this.#failed = failed;
    this.#later();
  }
  get current(): Keys {
    return this.#keys;
  }
  close(): void {
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }
  #later(): void {
    this.#timer = this.#clock.setTimeout(() => this.#look(), LOOK_MS, undefined);
    // The timer must not keep a process alive that has finished.
    if (this.#timer instanceof Object && "unref" in this.#timer && typeof this.#timer.unref === "function")
      this.#timer.unref();
  }
  #look(): void {
    try {
      const keys = keysOf(this.#paths);
      const ids = ({ all }: Keys): string => all.map(({ id }) => id).join(" ");
      if (ids(keys) !== ids(this.#keys)) {
        this.#keys = keys;
        this.#changed(keys);
      }
    } catch (error) {
      this.#failed(error);
    }
    this.#later();
  }
}
