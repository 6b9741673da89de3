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

export interface Parts {
  /** Options of the file, the service and the rpcs. */
  readonly file?: string;
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
  readonly imports?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Servers that the BFF needs. */
  readonly needs?: readonly (
    | "redis"
    | "nats"
    | "issuer"
    | "branch"
    | "shards"
    | "module"
    | "localhost"
    | "state redis"
    | "traces"
    | "observer"
    | "store"
  )[];
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
