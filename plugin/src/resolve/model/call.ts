// One call of an upstream: its request, its policy, and the treatment of its failures.
import type { DescField, DescMethod } from "@bufbuild/protobuf";
import type { Code, Identify } from "@protobff/messages/options.js";
import type { Expression, Proto, Variable } from "../../cel/index.ts";
import type { Origin, Sourced, Text } from "../../diagnostic/diagnostic.ts";
import type { IrMethod } from "../../ir/ir.ts";
import type { Amount, IrBranch, IrCall, IrPurged } from "../../ir/step.ts";
import type { BoundExpression, FieldBinding } from "../../model/conversion.ts";
import type { RestRule } from "./rest.ts";

export interface Call {
  /** The declaration. Its options that need no resolving are read here. */
  readonly ir: IrCall;
  readonly method: DescMethod;
  readonly request: BoundExpression | undefined;
  readonly set: readonly FieldBinding[];
  /** Fields of the request that name the fields of the answer that are read. */
  readonly masks: readonly RequestMask[];
  readonly metadata: readonly MetadataBinding[];
  readonly policy: Policy;
  /** How it is called over HTTP with JSON; undefined: by another protocol. */
  readonly http: RestRule | undefined;
  readonly onError: readonly ErrorRule[];
  readonly batch: Batch | undefined;
  /** Its shard, in place of the policy's rule. */
  readonly shard: CallShard | undefined;
  readonly effects: Effects;
  /** True if its request, the caller that it carries, or its answer may contain sensitive values. */
  readonly sensitive: boolean;
  /** Place of the method's name. */
  readonly methodAt: Origin;
  /**
   * Sources for the lack of side effects if the method declares nothing: the RPCs that vouch for it, or the nearest
   * `read_only`.
   */
  readonly evidence: {
    readonly vouched: readonly IrMethod[];
    readonly readOnly: (Sourced<boolean> & { readonly ofService: boolean }) | undefined;
  };
}
/** "none": NO_SIDE_EFFECTS declared, or vouched for; "idempotent": has side effects, may be repeated. */
export type Effects = "none" | "idempotent" | "once";

/** A FieldMask in a request. */
export interface RequestMask {
  readonly at: Origin;
  readonly path: readonly DescField[];
}

export interface MetadataBinding {
  readonly key: string;
  readonly by: Expression;
  readonly if: Expression | undefined;
  /** Reason for which a sensitive value may be sent there. */
  readonly reveal?: Text | undefined;
}
export interface Batch {
  readonly keys: DescField;
  readonly by: BoundExpression;
  /** Type of a key in transit: an element of `keys`, or the key itself if `wrap` is set. */
  readonly of: Proto;
  /** The element of `keys` that requests a key, over the variable `key`. Undefined: the key itself. */
  readonly wrap: { readonly key: Variable; readonly element: BoundExpression } | undefined;
  readonly items: DescField;
  /** Undefined when `items` is a map, or there is `keyBy`. */
  readonly key: DescField | undefined;
  /** The key of an item, over the variable `item`. */
  readonly keyBy: { readonly item: Variable; readonly by: BoundExpression } | undefined;
  readonly many: boolean;
  readonly max: number;
}
/** Shard of one call. */
export interface CallShard {
  readonly by: Expression;
  /** True: `by` is the name of a shard. False: it is a key. */
  readonly isName: boolean;
}
/** Shards of the called upstream. */
export interface ShardPolicy {
  readonly at: Origin;
  /** Maximum number of shards. */
  readonly most: number;
  /** Undefined: none fits the method. */
  readonly rule: ShardRule | undefined;
}
/** Rule for the shards of calls of one method, or for the keys of one batch. */
export interface ShardRule {
  readonly by: Expression;
  /** `request`, or for a batch `key`. */
  readonly over: Variable;
}
export interface ErrorRule {
  readonly at: Origin;
  readonly on: readonly Code[];
  readonly if: Expression | undefined;
  readonly then:
    | { readonly kind: "ignore" }
    | { readonly kind: "fallback"; readonly value: BoundExpression }
    | { readonly kind: "fail"; readonly fail: Fail };
}

/**
 * Policy of a call, merged leaf by leaf, nearest first. Undeclared leaves are undefined, and the plan fills in
 * defaults. Times in milliseconds.
 */
export interface Policy {
  readonly timeout: Amount | undefined;
  readonly retry: {
    readonly attempts: Sourced<number> | undefined;
    readonly on: readonly Sourced<Code>[] | undefined;
    readonly initial: Sourced<number> | undefined;
    readonly max: Sourced<number> | undefined;
    readonly multiplier: Sourced<number> | undefined;
    readonly if: Expression | undefined;
  };
  readonly hedge: {
    /** 0: two attempts leave at once. */
    readonly delay: Amount | undefined;
    readonly max: Sourced<number> | undefined;
    readonly budget: Sourced<number> | undefined;
  };
  readonly cache: {
    readonly ttl: Amount | undefined;
    readonly stale: Amount | undefined;
    readonly tags: readonly CacheTag[];
    readonly purged: Sourced<IrPurged> | undefined;
    readonly singleFetch: Sourced<boolean> | undefined;
  };
  /** The limit of the call, or of an entry for its method: an inner pool. */
  readonly limit: LimitLeaves | undefined;
  /** The same, of streams. */
  readonly streams: Sourced<number> | undefined;
  /** True if that limit, or the limit of the upstream, adapts to the upstream's capacity. */
  readonly adaptive: boolean;
  readonly forward: readonly Sourced<string>[];
  /** Propagation of the caller's identity to the upstream. Default: none. */
  readonly identify: Sourced<Identify> | undefined;
  /**
   * Other addresses for a part of the requests, in the order in which they are tried. They are the same for all calls
   * of an upstream.
   */
  readonly branches: readonly Branch[];
  /** Undefined: the upstream has no shards. */
  readonly shard: ShardPolicy | undefined;
}
export interface Branch {
  readonly ir: IrBranch;
  readonly if: Expression | undefined;
  /** A string. */
  readonly by: Expression | undefined;
  /** Fields that a comparison leaves out. */
  readonly ignored: readonly IgnoredField[];
}
interface IgnoredField {
  readonly field: DescField;
  readonly at: Origin;
}
/** Returns the branches that serve requests, without mirrors. */
export function servingBranches({ branches }: Policy): readonly Branch[] {
  return branches.filter(({ ir }) => ir.mirror?.value !== true);
}
/** A tag of cached answers: literal text and holes. */
export interface CacheTag {
  readonly text: Text;
  readonly parts: readonly (string | TagHole)[];
}
export interface TagHole {
  readonly by: Expression;
  /** True if it reads the answer; otherwise it is evaluated with the request, and its value is part of the key. */
  readonly ofAnswer: boolean;
}
export interface LimitLeaves {
  readonly concurrent: Amount | undefined;
  readonly queued: Sourced<number> | undefined;
  readonly adaptive: Sourced<boolean> | undefined;
}

export interface Fail {
  /** Undefined: the code of the upstream's error. */
  readonly code: Code | undefined;
  /** Undefined: the fixed text of the code. Parts in order: literal text and holes. */
  readonly message: readonly (string | Expression)[] | undefined;
  /** Each returns a message, an optional of one, or a list. */
  readonly details: readonly Expression[];
  /** Place of the setting that keeps the rest of the upstream's error, in `on_error` only. */
  readonly asIs: Origin | undefined;
  readonly at: Origin;
}
