import { Sealer } from "../sealing/sealer.ts";
import { readSealingKeys } from "../sealing/sealing-keys.ts";
import type { EnvReader } from "./env-reader.ts";

/** Reads the keys that seal cached answers, in an optional variable. */
export function readCacheKeys(read: EnvReader, variable: string): Sealer | undefined {
  return read.optional(variable) === undefined ? undefined : new Sealer(readSealingKeys(variable, read));
}
