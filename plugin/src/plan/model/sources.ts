// Operation of a step: its call, composition, list, choice or guard, with the decisions that printing needs.

import type { DescField } from "@bufbuild/protobuf";
import type { Expression } from "../../cel/index.ts";
import type { BoundExpression } from "../../model/conversion.ts";
import type { Call, ErrorRule, Fail } from "../../resolve/model/call.ts";
import type {
  BySource,
  ComposeSource,
  EachSource,
  GuardSource,
  ResolverSource,
  SharedSource,
  SwitchSource,
} from "../../resolve/model/model.ts";
import type { PathRead, Reader } from "../../resolve/model/read-paths.ts";
import type { Entry, PlanTopic } from "./calls.ts";

/** A part of a call, by its name in the runtime: a field in the path or the query, or `metadata x-key`. */
export interface ClientPart {
  readonly part: string;
  /** Fields of the client's request, by their proto names, with dots. */
  readonly fields: readonly string[];
}

export type { ComposeSource, Fail, Reader, ResolverSource, SwitchSource };

/** A FieldMask in a request, with the fields of the answer that are read. */
export interface PlanMask {
  readonly path: readonly DescField[];
  readonly reads: readonly PathRead[];
}

/** The request and the metadata of a call. */
export type PlanRequest = Pick<Call, "method" | "request" | "set" | "metadata" | "shard" | "effects">;
/** The call of a step. */
export interface PlanCall extends PlanRequest {
  readonly entry: Entry;
  readonly masks: readonly PlanMask[];
  /** The key of a batch, and whether a key has several items. */
  readonly batch: { readonly by: BoundExpression; readonly many: boolean } | undefined;
  readonly onError: readonly PlanErrorRule[];
  /** Set if `retry.if` reads steps or the caller: the request evaluates it. */
  readonly retryIf: Expression | undefined;
  /** Holes in the tags of its cached answers that do not read the answer. */
  readonly holes: readonly Expression[];
  readonly clientFields: readonly ClientPart[];
  /** True if its request or metadata may throw, or needs a microtask. */
  readonly fails: boolean;
  /** True if its value may be a fallback, or an answer from a cache past its ttl. */
  readonly marks: boolean;
  /** Every expression that is evaluated before it is sent, or when it fails. */
  readonly expressions: readonly Expression[];
}
export interface PlanErrorRule extends ErrorRule {
  /** Expressions of the outcome. */
  readonly expressions: readonly Expression[];
}

export type PlanSource =
  | BySource
  | PlanCallSource
  | ComposeSource
  | PlanEachSource
  | SwitchSource
  | PlanGuardSource
  | { readonly kind: "latest"; readonly topic: PlanTopic; readonly key: Expression }
  | ResolverSource
  | SharedSource;

interface PlanCallSource {
  readonly kind: "call";
  readonly call: PlanCall;
}
export interface PlanEachSource extends Omit<EachSource, "source"> {
  readonly source: BySource | PlanCallSource | ComposeSource;
  /** Expressions of `source`. */
  readonly expressions: readonly Expression[];
  /** True if it is a list of messages that fails as a whole. */
  readonly wholeList: boolean;
}
interface PlanGuardSource extends GuardSource {
  /** Expressions of `fail`. */
  readonly expressions: readonly Expression[];
  /** True if one of its expressions, or of its `if`, may fail. */
  readonly fails: boolean;
}
