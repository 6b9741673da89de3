import { Sealer } from "../sealing/sealer.ts";
import { readSealingKeys } from "../sealing/sealing-keys.ts";
import { type ConfigFault, type Environment, EnvReader, faultLines } from "./env-reader.ts";

const KEYS = "BFF_PAGE_KEYS";

/** Reads the keys of page tokens. Faults are reported to the reader. */
export function readPages(read: EnvReader): Sealer {
  return new Sealer(readSealingKeys(KEYS, read));
}

/**
 * Returns the sealer of page tokens for a custom server; `serve` does it by itself.
 *
 * @param environment the variables; default: that of the process
 * @throws Error if BFF_PAGE_KEYS is missing or malformed
 * @example
 * const endpoints = createShopService({ upstreams, env: {}, pages: openPages() });
 */
export function openPages(environment: Environment = process.env): Sealer {
  const faults: ConfigFault[] = [];
  const pages = readPages(new EnvReader(environment, faults));
  if (faults.length > 0) throw new Error(`the keys of pages cannot be read: ${faultLines(faults)}`);
  return pages;
}
