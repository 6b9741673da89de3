// Callers, and the ends and caching of RPCs.

import type { DescField, DescMessage, DescMethod } from "@bufbuild/protobuf";
import type { Expression } from "../../cel/index.ts";
import type { Origin, Sourced, Text } from "../../diagnostic/diagnostic.ts";
import type { IrCredential, IrIdentity, IrIdentitySource } from "../../ir/edge.ts";
import type { IrFile, IrMethod } from "../../ir/ir.ts";
import type { Amount, IrPurged } from "../../ir/step.ts";
import type { FieldBinding } from "../../model/conversion.ts";

// ---- callers ----

/** Identity of callers of a package's services. */
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
  /**
   * The message into which claims are decoded. Undefined: the source has no claims, or the claims are the principal
   * itself.
   */
  readonly claims: DescMessage | undefined;
  /**
   * Bindings over `claims`, `credential` and `env`. Undefined: the default principal, or the content of an assertion or
   * a trusted header.
   */
  readonly set: readonly FieldBinding[] | undefined;
  readonly texts: ReadonlyMap<Text, TextWithHoles>;
}

/** In order: literal text and holes over `env`. */
export type TextWithHoles = readonly (string | Expression)[];

/** Callers at one place, by all RPCs that reach it. */
export interface Callers {
  /** Types of the principals: one, or several if no expression reads it. */
  readonly types: readonly DescMessage[];
  /** The RPCs that are public. */
  readonly open: readonly IrMethod[];
}

/** End of an RPC, and its successor. Days are ISO 8601 dates. */
export interface Version {
  readonly deprecated: Text | undefined;
  readonly sunset: Text | undefined;
  /** `method` is undefined if the successor is a service without an RPC of that name. */
  readonly successor: { readonly text: Text; readonly method: DescMethod | undefined } | undefined;
}

export interface ResponseCaching {
  readonly at: Origin;
  readonly ttl: Amount;
  readonly stale: Amount | undefined;
  readonly purged: Sourced<IrPurged> | undefined;
  readonly singleFetch: Sourced<boolean> | undefined;
}

/** HTTP caching of an RPC, merged with its service's. */
export interface HttpCaching {
  /** Place of the nearest declaration. */
  readonly at: Origin;
  /** True if the RPC itself declares caching. */
  readonly ofMethod: boolean;
  readonly maxAge: Sourced<number>;
  readonly stale: Sourced<number> | undefined;
  readonly vary: readonly Text[];
  /** Never false. */
  readonly shared: Sourced<true> | undefined;
  /** Whether a CDN receives the tags. Never false. */
  readonly tag: Sourced<true> | undefined;
}

/** The mask of an RPC's requests. */
export interface FieldChoice {
  readonly at: Origin;
  /** The field, after the message that contains it. */
  readonly path: readonly DescField[];
}
