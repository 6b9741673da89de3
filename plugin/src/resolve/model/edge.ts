// Who calls, and how rpcs end and are answered again.
import type { DescMessage, DescMethod } from "@bufbuild/protobuf";
import type { Expression } from "../../cel/index.ts";
import type { Origin, Sourced, Text } from "../../diagnostic/origin.ts";
import type { IrCredential, IrIdentity, IrIdentitySource } from "../../ir/edge.ts";
import type { IrFile, IrMethod } from "../../ir/ir.ts";
import type { FieldBinding } from "../../model/conversion.ts";

// ---- who is calling ----

/** Who calls the services of a package. */
export interface Identity {
  readonly ir: IrIdentity;
  /** The file that declares it. */
  readonly file: IrFile;
  /** The principal's. */
  readonly type: DescMessage;
  readonly sources: readonly IdentitySource[];
}

export interface IdentitySource {
  readonly ir: IrIdentitySource;
  readonly name: string;
  readonly credential: IrCredential;
  /** What they are decoded into; undefined: there are none, or they are the principal as it comes. */
  readonly claims: DescMessage | undefined;
  /** Over `claims`, `credential` and `env`; undefined: the default principal, or what an assertion or a trusted header holds. */
  readonly set: readonly FieldBinding[] | undefined;
  readonly texts: ReadonlyMap<Text, TextWithHoles>;
}

/** In order: literal text and holes over `env`. */
export type TextWithHoles = readonly (string | Expression)[];

/** What is known of the caller where something runs, by all rpcs that reach it. */
export interface Callers {
  /** The principals' types: one, or several where nobody reads it. */
  readonly types: readonly DescMessage[];
  /** The rpcs that answer anybody. */
  readonly open: readonly IrMethod[];
}

/** When an rpc ends, and what takes its place. Days are as ISO 8601 has them. */
export interface Version {
  readonly deprecated: Text | undefined;
  readonly sunset: Text | undefined;
  /** `method` is undefined where it is a service that has no rpc of that name. */
  readonly successor: { readonly text: Text; readonly method: DescMethod | undefined } | undefined;
}

export interface ResponseCaching {
  readonly at: Origin;
  readonly ttl: Sourced<number>;
  readonly stale: Sourced<number> | undefined;
}

/** Of the rpc and its service together. */
export interface HttpCaching {
  /** The nearest that says something. */
  readonly at: Origin;
  /** Whether the rpc itself says something. */
  readonly own: boolean;
  readonly maxAge: Sourced<number>;
  readonly stale: Sourced<number> | undefined;
  readonly vary: readonly Text[];
  /** Never false. */
  readonly shared: Sourced<true> | undefined;
}
