import type { DescMessage, Message, MessageShape } from "@bufbuild/protobuf";
import type { Credential, Principal } from "@protobff/messages/bff/v1/identity_pb.js";
import { callerOf } from "../principal.ts";
import type { SourceSpec } from "../spec.ts";
import { ApiKeySource } from "./api-key-source.ts";
import { PREFIX } from "./key-format.ts";
import type { KeyStore } from "./key-store.ts";
import { readKeyStore } from "./open-store.ts";

/** Options of `api_key` of a source. An omitted option has its default. */
export interface ApiKeyOptions<P extends Message, Claims extends DescMessage | undefined> {
  /** Name of the source. */
  readonly name: string;
  /** By default `x-api-key`; in `authorization` the scheme is Bearer. */
  readonly header?: string | undefined;
  /** Prefix of the source's keys. */
  readonly prefix?: string | undefined;
  /** Longest delay before a revocation takes effect, in milliseconds: for that long a key's caller is cached. */
  readonly cacheMs?: number | undefined;
  /** Message type of a key's claims. */
  readonly claims?: Claims | undefined;
  /** As in `Source`. */
  readonly from?: readonly string[] | undefined;
  /** By default the default principal, filled from the credential. */
  readonly principal?:
    | ((claims: Claims extends DescMessage ? MessageShape<Claims> : undefined, credential: Credential) => P)
    | undefined;
}

const CACHE_MS = 10_000;

/**
 * Returns a source that authenticates callers by keys that `bff-key` has made.
 *
 * @throws TypeError for an invalid `prefix`
 * @example
 * const keys = apiKey({ name: "partner", prefix: "shop", cacheMs: 10_000 });
 */
export function apiKey<P extends Message = Principal, Claims extends DescMessage | undefined = undefined>(
  options: ApiKeyOptions<P, Claims>,
): SourceSpec<P> {
  const { name, header = "x-api-key", prefix = "", cacheMs = CACHE_MS, claims, from = [], principal } = options;
  if (!PREFIX.test(prefix)) throw new TypeError(`a prefix of keys is no ${JSON.stringify(prefix)}`);
  let store: KeyStore | undefined;
  return {
    name,
    async configure(settings) {
      store = await readKeyStore(settings, `source ${name}`);
    },
    open({ type, clock, audit, fault }) {
      if (store === undefined) throw new TypeError(`source ${name} has not been configured`);
      return new ApiKeySource({
        name,
        header: header.toLowerCase(),
        prefix,
        from,
        cacheMs,
        claims,
        store,
        clock,
        audit,
        fault,
        accept(credential, decoded) {
          // The decoded message is of the type that the options name.
          const set = principal && (() => principal(decoded as Parameters<typeof principal>[0], credential));
          const read = claims && decoded && { type: claims, message: decoded };
          return callerOf({ type, credential, principal: set, claims: read });
        },
      });
    },
  };
}
