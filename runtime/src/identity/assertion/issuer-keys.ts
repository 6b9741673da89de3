import type { Clock } from "../../clock.ts";
import { type FetchDocument, isTrustworthy } from "../jwt/fetch-document.ts";
import { KeySet } from "../jwt/key-set.ts";
import { FileKeys, readKeyFile } from "./file-keys.ts";
import { ed25519, type IssuerKeys } from "./verify-assertion.ts";

/** Time for which keys stay valid beyond their age while their issuer is unavailable, in milliseconds. */
const MAX_STALE_MS = 24 * 3_600_000;

interface IssuerKeysParts {
  readonly clock: Clock;
  /** Called when fetching or reading the keys begins to fail. */
  readonly failed: (error: unknown) => void;
  readonly fetch?: FetchDocument | undefined;
}

const isAddress = (keys: string): boolean => /^[a-z][a-z0-9+.-]*:\/\//i.test(keys);

/**
 * Returns the problem of the setting for the place of the keys. It is the end of a sentence that begins with its name.
 */
export function problemOfKeys(keys: string): string | undefined {
  if (keys === "") return "is empty";
  if (isAddress(keys)) return isTrustworthy(keys) ? undefined : "is neither an https address nor one on loopback";
  try {
    readKeyFile(keys);
    return undefined;
  } catch (thrown) {
    return `is a file that cannot be used: ${thrown instanceof Error ? thrown.message : String(thrown)}`;
  }
}

/**
 * Opens the keys at an address, which are refetched before they expire, or in a file, which is reread periodically.
 *
 * @throws Error for a file that contains none
 */
export function issuerKeys(keys: string, { clock, failed, fetch }: IssuerKeysParts): IssuerKeys {
  if (!isAddress(keys)) return new FileKeys(keys, clock, failed);
  const place = { kind: "address", address: keys } as const;
  return new KeySet({ place, maxStaleMs: MAX_STALE_MS, clock, jose: ed25519, failed, fetch });
}
