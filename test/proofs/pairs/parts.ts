// Additions of a level to a BFF: options in their places, fields with their values, variables.
import type { JsonValue } from "@bufbuild/protobuf";

/** How a field answers: as always, or otherwise when the price is missing. */
export interface FieldOf {
  readonly type: string;
  readonly name: string;
  /** Options of the field, without brackets around them. */
  readonly options: string;
  /** Its value in JSON, for a request with this id; undefined: it is unset. */
  readonly value: (id: string) => JsonValue | undefined;
  /** True if it depends on the price. */
  readonly ofPrice?: true;
}

/** How a client proves who calls. */
export type Credential =
  | "header"
  | "cookie"
  | "svid"
  | "api key"
  | "assertion"
  | "trusted"
  | "gateway"
  | "peer"
  | "session";
/** Servers and files that a BFF needs. */
export type Need =
  | "redis"
  | "nats"
  | "nats with a token"
  | "nats with a password"
  | "nats with certificates"
  | "issuer"
  | "branch"
  | "shards"
  | "module"
  | "localhost"
  | "state redis"
  | "traces"
  | "observer"
  | "store"
  | "sql"
  | "tls"
  | "client authority"
  | "signing key";

export interface Parts {
  /** Options of the file, the service and the rpcs. */
  readonly file?: string;
  /** The identity of the file and what it needs there. A later factor's replaces an earlier one's. */
  readonly identity?: string;
  readonly service?: string;
  readonly rpc?: string;
  /** Options of the call of a price, and of the entry of its service. */
  readonly price?: string;
  readonly priceEntry?: string;
  /** Modifiers of the step with the price. */
  readonly priceStep?: string;
  /** Further steps of the page. */
  readonly steps?: string;
  readonly fields?: readonly FieldOf[];
  /** Fields and options of the request. */
  readonly request?: string;
  readonly idOptions?: string;
  /** A further rpc that streams the page. */
  readonly later?: { readonly rpc: "Follow" | "Load"; readonly options: string };
  readonly messages?: string;
  /** A further rpc of the service that answers with the id. */
  readonly next?: true;
  /** A credential in place of a token in `authorization`. */
  readonly credential?: Credential;
  /** A parameter of the plugin. */
  readonly parameter?: string;
  readonly imports?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly needs?: readonly Need[];
  /** Exports of the module with resolvers and functions. */
  readonly module?: string;
}

export interface Level {
  readonly name: string;
  readonly parts: Parts;
}
export interface Factor {
  readonly name: string;
  readonly levels: readonly Level[];
}

/** A factor whose first level is its absence. */
export const factor = (name: string, levels: Readonly<Record<string, Parts>>): Factor => ({
  name,
  levels: [{ name: "none", parts: {} }, ...Object.entries(levels).map(([level, parts]) => ({ name: level, parts }))],
});
