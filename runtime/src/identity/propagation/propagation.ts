import type { DescMessage } from "@bufbuild/protobuf";
import type { Routes } from "../routes.ts";
import type { Settings } from "../settings.ts";
import type { SourceParts } from "../spec.ts";
import { KeyFiles, type Keys, readKeyFiles } from "./key-files.ts";
import { Teller } from "./propagator.ts";
import { KEYS_PATH, publishedKeys } from "./published-keys.ts";

/** How upstreams are told who calls, and what is served for it. */
export interface Telling {
  readonly teller: Teller;
  readonly routes: Routes;
  close(): void;
}

/** What signing takes, as the environment says it. */
export interface Signing {
  readonly issuer: string;
  readonly files: { readonly paths: readonly string[]; readonly keys: Keys };
}

const ISSUER = "BFF_IDENTITY_ISSUER";

/** Undefined where something is missing, which is told. */
export function readSigning(settings: Settings): Signing | undefined {
  const issuer = settings.optional(ISSUER);
  if (issuer === undefined)
    settings.fault(ISSUER, "is not set", "the name of this deployment in what it signs, such as https://app.example");
  const files = readKeyFiles(settings);
  return issuer === undefined || files === undefined ? undefined : { issuer, files };
}

export function openTelling(
  type: DescMessage,
  signing: Signing | undefined,
  { clock, audit, fault }: Omit<SourceParts, "type">,
): Telling {
  if (signing === undefined)
    return { teller: new Teller(type.typeName, clock, undefined), routes: new Map(), close: () => {} };
  const { issuer, files } = signing;
  const keys = new KeyFiles(files, clock, {
    changed: ({ all }) =>
      audit({ event: "keys-changed", at: clock.date(), issuer, id: all.map(({ id }) => id).join(" ") }),
    failed: (error) => fault("the keys that sign cannot be read again; those that were read before go on", error),
  });
  return {
    teller: new Teller(type.typeName, clock, { issuer, keys }),
    routes: new Map([[KEYS_PATH, publishedKeys(issuer, keys)]]),
    close: () => keys.close(),
  };
}
