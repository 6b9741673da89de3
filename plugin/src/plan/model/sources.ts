// Operation of a step: its call, composition, list, choice or guard, with the decisions that printing needs.

import type { DescField, DescMessage, DescMethod } from "@bufbuild/protobuf";
import type { Code } from "@protobff/messages/options.js";
import type { Expression, Variable } from "../../cel/index.ts";
import type { BoundExpression, FieldBinding } from "../../model/conversion.ts";
import type { CallShard } from "../../resolve/model/call.ts";
import type { Quorum, Step } from "../../resolve/model/model.ts";
import type { PathRead, Reader } from "../../resolve/model/read-paths.ts";
import type { Entry, PlanTopic } from "./calls.ts";

/** A part of a call, by its name in the runtime: a field in the path or the query, or `metadata x-key`. */
export interface ClientPart {
  readonly part: string;
  /** Fields of the client's request, by their proto names, with dots. */
  readonly fields: readonly string[];
}

export type { Reader };

/** A FieldMask in a request, with the fields of the answer that are read. */
export interface PlanMask {
  readonly path: readonly DescField[];
  readonly reads: readonly PathRead[];
}

/** The request and the metadata of a call. */
export interface PlanRequest {
  readonly method: DescMethod;
  readonly request: BoundExpression | undefined;
  readonly set: readonly FieldBinding[];
  readonly metadata: readonly {
    readonly key: string;
    readonly by: Expression;
    readonly if: Expression | undefined;
  }[];
  /** Its shard, in place of the policy's rule. */
  readonly shard: CallShard | undefined;
  /** "none": without side effects. */
  readonly effects: "none" | "idempotent" | "once";
}
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
export interface PlanErrorRule {
  readonly on: readonly Code[];
  readonly if: Expression | undefined;
  readonly then:
    | { readonly kind: "ignore" }
    | { readonly kind: "fallback"; readonly value: BoundExpression }
    | { readonly kind: "fail"; readonly fail: PlanFail };
  /** Expressions of the outcome. */
  readonly expressions: readonly Expression[];
}
export interface PlanFail {
  /** Undefined: the upstream's. */
  readonly code: Code | undefined;
  /** Undefined: the fixed text of the code. Parts in order: literal text and holes. */
  readonly message: readonly (string | Expression)[] | undefined;
  readonly details: readonly Expression[];
  /** True if the other parts are the upstream's. */
  readonly asIs: boolean;
}

export type PlanSource =
  | PlanBySource
  | PlanCallSource
  | PlanComposeSource
  | PlanEachSource
  | PlanSwitchSource
  | PlanGuardSource
  | { readonly kind: "latest"; readonly topic: PlanTopic; readonly key: Expression }
  | PlanResolverSource
  | PlanSharedSource;

/** A step of the service, which the service starts. */
interface PlanSharedSource {
  readonly kind: "shared";
  /** The step of each service that the message is composed for. */
  readonly of: readonly Step[];
}
interface PlanBySource {
  readonly kind: "by";
  readonly by: Expression;
}
interface PlanCallSource {
  readonly kind: "call";
  readonly call: PlanCall;
}
export interface PlanComposeSource {
  readonly kind: "compose";
  readonly message: DescMessage;
  readonly args: readonly { readonly name: string; readonly by: Expression; readonly if: Expression | undefined }[];
}
export interface PlanEachSource {
  readonly kind: "each";
  readonly item: Variable;
  readonly in: Expression;
  /** True: the items are the names of all shards of the called upstream. */
  readonly scatters: boolean;
  readonly if: Expression | undefined;
  readonly source: PlanBySource | PlanCallSource | PlanComposeSource;
  /** Expressions of `source`. */
  readonly expressions: readonly Expression[];
  /** True if an item may have no value. */
  readonly itemAbsent: boolean;
  readonly key: Expression | undefined;
  readonly partial: boolean;
  readonly quorum: Quorum | undefined;
  readonly concurrent: number;
  /** True if it is a list of messages that fails as a whole. */
  readonly wholeList: boolean;
}
export interface PlanSwitchSource {
  readonly kind: "switch";
  readonly cases: readonly { readonly if: Expression; readonly value: BoundExpression }[];
  readonly default: BoundExpression | undefined;
}
interface PlanGuardSource {
  readonly kind: "guard";
  readonly if: Expression;
  readonly fail: PlanFail;
  /** Expressions of `fail`. */
  readonly expressions: readonly Expression[];
  /** True if one of its expressions, or of its `if`, may fail. */
  readonly fails: boolean;
}
/** A function of the user. */
export interface PlanResolverSource {
  readonly kind: "resolver";
  readonly message: DescMessage;
  /** Undefined: it supplies the whole message. */
  readonly field: DescField | undefined;
  /** True if its errors may quote sensitive values. */
  readonly sensitive: boolean;
}
