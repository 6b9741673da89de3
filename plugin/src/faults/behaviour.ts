// Data that determines how a response ends: the input of fault prediction (plugin/src/faults). Plain JSON, part of
// `plan=json`.

/**
 * A value. Strings, booleans and null stay as they are. `{ int }` is also an enum, in decimal. `{ bytes }` is base64,
 * which is never decoded. Messages have the fields that are set. Maps are pairs.
 */
export type ValueReport =
  | string
  | boolean
  | null
  | { readonly int: string }
  | { readonly double: number }
  | { readonly bytes: string }
  | readonly ValueReport[]
  | { readonly message: string; readonly fields: { readonly [name: string]: ValueReport } }
  | { readonly map: readonly (readonly [ValueReport, ValueReport])[] };

/** An expression; names that it reads of arguments are "args.x". */
export interface ExpressionReport {
  readonly text: string;
  readonly tree: TreeReport;
  readonly reads: readonly ReadReport[];
  /** True for a name and fields of it, nothing else. */
  readonly path?: true;
}
/** A name that an expression reads. */
export interface ReadReport {
  readonly name: string;
  /** Only tested for presence, or read where it is known to be set. */
  readonly safe?: true;
}

/** A checked expression. */
export type TreeReport =
  | { readonly value: ValueReport }
  | { readonly name: string }
  /**
   * `zero`: value if unset; `presence`: unset differs from zero; `test`: has(…); `needed`: without the field the
   * expression is missing.
   */
  | {
      readonly get: string;
      readonly of: TreeReport;
      readonly zero: ValueReport;
      readonly presence?: true;
      readonly test?: true;
      readonly optional?: true;
      readonly needed?: true;
    }
  /**
   * `fails`: it can be an error; `own`: a function of the user, by its name; `needed`: without all fields in its operands
   * the expression is missing.
   */
  | {
      readonly call: string;
      readonly args: readonly TreeReport[];
      readonly fails?: true;
      readonly own?: true;
      readonly needed?: true;
    }
  /** True if there is a value; with `set`: true if an argument is set. */
  | { readonly ok: string; readonly set?: true }
  /** True if a field of a composed message is not missing. */
  | { readonly there: string; readonly of: TreeReport }
  | { readonly failure: string }
  | { readonly list: readonly TreeReport[]; readonly optionals?: readonly number[] }
  | { readonly entries: readonly (readonly [key: TreeReport, value: TreeReport, optional: boolean])[] }
  | {
      readonly message: string;
      readonly fields: readonly { readonly name: string; readonly by: TreeReport; readonly optional?: true }[];
    }
  | {
      readonly macro: string;
      readonly range: TreeReport;
      readonly vars: readonly string[];
      readonly args: readonly TreeReport[];
    }
  /** Reason why the expression cannot be evaluated. */
  | { readonly unpredictable: string };

/** Behaviour of all RPCs of a plan, from which predictions are computed. */
export interface BehaviourReport {
  readonly rpcs: readonly RpcBehaviour[];
  /** Composed messages by name. */
  readonly messages: { readonly [name: string]: BlockBehaviour };
  /** Steps that services start once per request, by service. */
  readonly services: { readonly [name: string]: BlockBehaviour };
  /** Answers of upstreams on mocks, by method. */
  readonly answers: { readonly [method: string]: ValueReport };
  /** Breaker of a method: that of its service, or a separate one; null: none. Methods left out have their service's. */
  readonly breakers: { readonly [name: string]: "service" | "method" | null };
  /** Identity of callers, if the package declares one. */
  readonly identity?: IdentityBehaviour;
  /** Results of the user's functions in predictions, by name. */
  readonly functions: { readonly [name: string]: ValueReport };
  /** Environment variables of each service: the default of a variable, otherwise a sample. */
  readonly env: { readonly [service: string]: { readonly [name: string]: ValueReport } };
}
/** Behaviour of one RPC. */
export interface RpcBehaviour {
  readonly rpc: string;
  readonly service: string;
  readonly composes: string;
  /** Part of its time budget that is available to calls, in milliseconds. */
  readonly for_calls_ms: number;
  /** Steps of the service that it starts. */
  readonly starts: readonly string[];
  /** The example. */
  readonly request: ValueReport;
  /** The field for what is degraded. */
  readonly degraded?: string;
  /**
   * Fields of the declared messages, by message, with their messages. Left out if the composed messages equal the
   * declared ones.
   */
  readonly declared?: { readonly message: string; readonly fields: FieldNames };
  /** `unpredictable` is due only to rules of its request. Another request may be known to satisfy them. */
  readonly validated?: true;
  /** Callers that it admits. Left out: all authenticated callers, if there is an identity. */
  readonly permit?: PermitBehaviour;
  /**
   * Its stream: a message for each item of the source. Predictions cover the first item and the end of the stream after
   * it.
   */
  readonly stream?: StreamBehaviour;
  /** Its answer stays current. Predictions cover the first message. */
  readonly live?: true;
  /** Its rate limits. */
  readonly limits?: readonly LimitBehaviour[];
  /** Reason why its outcome cannot be predicted from the plan. */
  readonly unpredictable?: string;
}
/** Identity of callers of a package. */
export interface IdentityBehaviour {
  /** Sources of credentials, by name, in the order of declaration. */
  readonly sources: readonly string[];
  /** A sample of the principal. */
  readonly principal: ValueReport;
}
/** Permit of an RPC: the callers that it admits, and its steps. */
export interface PermitBehaviour {
  /** True if callers need not be authenticated. */
  readonly public?: true;
  /** Accepted sources. Left out: all. */
  readonly sources?: readonly string[];
  /** Scopes that are all required. */
  readonly scopes: readonly string[];
  /** The caller needs at least one role of each list. */
  readonly roles: readonly (readonly string[])[];
  /**
   * Decisions, and conditions as guards. Unlike other guards, these pass if their condition holds. All expressions are
   * strict.
   */
  readonly steps: readonly StepBehaviour[];
}
/** The source of a stream, and its handling of items. */
export interface StreamBehaviour {
  /** Name of the item among the arguments. */
  readonly var: string;
  /** Method of the call that is followed; for a topic, the method by which mocks follow it. */
  readonly method: string;
  /** Items of the mock. */
  readonly items: readonly ValueReport[];
  /** Which items count. */
  readonly if?: ExpressionReport;
  /** Which is the last. */
  readonly until?: ExpressionReport;
  /** Key of a topic. */
  readonly key?: ExpressionReport;
  /** Which item is the last of its key. */
  readonly topic_until?: ExpressionReport;
  /** If the stream breaks, it is opened again: opening it has no side effects. */
  readonly reopens?: true;
  /** A reopened stream resumes after the last item. */
  readonly position?: true;
  /** Silence is a failure. */
  readonly idle?: true;
}
/** Rate limit of an RPC. */
export interface LimitBehaviour {
  readonly if?: ExpressionReport;
  readonly key: ExpressionReport;
  readonly cost?: ExpressionReport;
  /** Maximum cost of one request. */
  readonly most: number;
  /** It is charged before authentication. */
  readonly early?: true;
}
/** Fields of messages, by the full name of the message; a value is the message of the field, or null. */
export type FieldNames = { readonly [message: string]: { readonly [field: string]: string | null } };

/** Composition of one message: its steps and fields. */
export interface BlockBehaviour {
  readonly steps: readonly StepBehaviour[];
  readonly fields: readonly TargetBehaviour[];
}
/** One step of a composition. */
export interface StepBehaviour {
  readonly index: number;
  readonly name?: string;
  readonly source: SourceBehaviour;
  readonly if?: ExpressionReport;
  readonly supplementary?: true;
  readonly fallback?: ExpressionReport;
  readonly after?: readonly string[];
  /** Only one case of a switch reads it, directly or through other steps. */
  readonly only_in_case?: true;
  /** The members of a oneof that alone read it. */
  readonly only_for?: readonly string[];
  /** A guard that needs no step. */
  readonly immediate?: true;
  readonly unordered?: true;
}
/** Source of the value of a step. */
export type SourceBehaviour =
  | { readonly kind: "by"; readonly by: ExpressionReport }
  | { readonly kind: "call"; readonly call: CallBehaviour }
  | { readonly kind: "compose"; readonly message: string; readonly args: readonly BindBehaviour[] }
  | {
      readonly kind: "each";
      readonly var: string;
      readonly in: ExpressionReport;
      readonly if?: ExpressionReport;
      readonly key?: ExpressionReport;
      readonly partial?: true;
      /** Fewer values fail the step. */
      readonly min?: number;
      /** After this many values the remaining items are cancelled. */
      readonly enough?: number;
      readonly max?: number;
      /** The list is the client's. */
      readonly asked?: true;
      readonly of: SourceBehaviour;
    }
  | {
      readonly kind: "switch";
      readonly cases: readonly { readonly if: ExpressionReport; readonly by: ExpressionReport }[];
      readonly default?: ExpressionReport;
    }
  | { readonly kind: "guard"; readonly if: ExpressionReport; readonly code: number | null }
  /** The newest item of a topic. */
  | { readonly kind: "latest"; readonly key: ExpressionReport }
  /** `reads`: the steps that it receives; `gives`: a sample of its result. */
  | { readonly kind: "resolver"; readonly reads: readonly string[]; readonly gives: ValueReport };
/** A named value, such as an argument or a field of a request. */
export interface BindBehaviour {
  readonly name: string;
  readonly by: ExpressionReport;
  readonly if?: ExpressionReport;
}
/** Call of a method of an upstream. */
export interface CallBehaviour {
  readonly method: string;
  readonly side_effects?: true;
  /** Values without which the call is not sent. */
  readonly wants: readonly BindBehaviour[];
  readonly metadata: readonly BindBehaviour[];
  readonly batch?: {
    readonly by: ExpressionReport;
    readonly items: string;
    readonly many?: true;
    /** The field of an item that holds its key; left out: the items are a map, or it is computed. */
    readonly key?: string;
    /** Computes the key of `item`, where that is no field of it; mocks do not turn that round. */
    readonly key_by?: ExpressionReport;
    /** The message that requests a `key`. */
    readonly wrap?: ExpressionReport;
  };
  readonly on_error: readonly ErrorRuleBehaviour[];
  readonly timeout_ms?: number;
  /** A stale answer may replace a failure: time for which an answer is fresh, and maximum age of a stale one. */
  readonly stale?: { readonly ttl_ms: number; readonly stale_ms: number };
}
/** One rule of `on_error`. */
export interface ErrorRuleBehaviour {
  /** Status codes. Empty: all. */
  readonly on: readonly number[];
  readonly if?: ExpressionReport;
  readonly then: "ignore" | "fallback" | "fail";
  readonly fallback?: ExpressionReport;
  /** Code of `fail`. Left out: the upstream's. */
  readonly code?: number;
}
/** Field or oneof that a composition sets. */
export type TargetBehaviour = FieldBehaviour | { readonly oneof: string; readonly members: readonly MemberBehaviour[] };
/** Field of a composed message, and its expression. */
export interface FieldBehaviour {
  readonly field: string;
  readonly by: ExpressionReport;
  readonly many?: true;
  /** Unset differs from zero. */
  readonly presence?: true;
  /** For a oneof whose message is supplied: the member counts if it is set. */
  readonly chosen?: true;
}
/** Member of a oneof of a composed message. */
export interface MemberBehaviour extends FieldBehaviour {
  readonly if?: ExpressionReport;
  readonly default?: true;
  /** It belongs to another message: if it is chosen, no member is set. */
  readonly left?: true;
}
