import type { DescMessage } from "@bufbuild/protobuf";
import type { Routes } from "../routes.ts";
import type { Settings } from "../settings.ts";
import type { SourceParts } from "../spec.ts";
import { KeyFiles, type Keys, readKeyFiles } from "./key-files.ts";
import { Propagator } from "./propagator.ts";
import { KEYS_PATH, publishedKeys } from "./published-keys.ts";

/** Identity propagation to upstreams, and the routes that serve its keys. */
export interface Propagation {
  readonly propagator: Propagator;
  readonly routes: Routes;
  close(): void;
}

/** Settings of signatures, from the environment. */
export interface Signing {
  readonly issuer: string;
  readonly files: { readonly paths: readonly string[]; readonly keys: Keys };
}

const ISSUER = "BFF_IDENTITY_ISSUER";

/** Undefined when a setting is missing, which is reported. */
export function readSigning(settings: Settings): Signing | undefined {
  const issuer = settings.optional(ISSUER);
  if (issuer === undefined)
    settings.fault(ISSUER, "is not set", "the name of this deployment in what it signs, such as https://app.example");
  const files = readKeyFiles(settings);
  return issuer === undefined || files === undefined ? undefined : { issuer, files };
}

export function openPropagation(
  type: DescMessage,
  signing: Signing | undefined,
  { clock, audit, fault }: Omit<SourceParts, "type">,
): Propagation {
  if (signing === undefined)
    return { propagator: new Propagator(type.typeName, clock, undefined), routes: new Map(), close: () => {} };
  const { issuer, files } = signing;
  const keys = new KeyFiles(files, clock, {
    changed: ({ all }) =>
      audit({ event: "keys-changed", at: clock.date(), issuer, id: all.map(({ id }) => id).join(" ") }),
    failed: (error) => fault("the keys that sign cannot be read again; those that were read before go on", error),
  });
  return {
    propagator: new Propagator(type.typeName, clock, { issuer, keys }),
    routes: new Map([[KEYS_PATH, publishedKeys(issuer, keys)]]),
    close: () => keys.close(),
  };
}
