// Plan of a message: its steps in their order, and the touches of failures.

import type { DescField, DescFile } from "@bufbuild/protobuf";
import type { Expression, FieldRead, Variable } from "../../cel/index.ts";
import type { BoundExpression } from "../../model/conversion.ts";
import type { Call, ErrorRule, Fail } from "../../resolve/model/call.ts";
import type {
  BySource,
  Composed,
  ComposeSource,
  EachSource,
  EnvVar,
  GuardSource,
  Let,
  Opening,
  Permit,
  ResolverSource,
  SharedSource,
  Step,
  SwitchSource,
} from "../../resolve/model/model.ts";
import type { Demand } from "../../resolve/model/oneof-only.ts";
import type { PathRead, Reader } from "../../resolve/model/read-paths.ts";
import type { NameScope } from "../names/name-scope.ts";
import type { Entry, PlanResolver, PlanTopic, PlanTopics } from "./calls.ts";

/** Steps that one function starts. */
export interface PlanBlock {
  readonly composed: Composed | Let | Permit | Opening;
  /** All steps, in order of declaration. */
  readonly declared: readonly PlanStep[];
  /** All but the steps that only one case of a switch reads; each step follows the steps that it reads. */
  readonly steps: readonly PlanStep[];
  /** True if a call with side effects is inside, so that the function takes a parameter `before`. */
  readonly effectful: boolean;
  /** Arguments that may be absent. They are local names first, so that TypeScript keeps its narrowing. */
  readonly optionalArgs: readonly string[];
  readonly calls: ReadonlyMap<Call, Entry>;
  readonly topics: PlanTopics;
  /** The functions of the user that its steps call. */
  readonly resolvers: ReadonlyMap<Step, PlanResolver>;
  /** Place in the declared order of all guards of a response: lower wins. */
  readonly ranks: ReadonlyMap<Step, number>;
  /** Names of surrounding functions, which no local name may hide. */
  readonly functions: NameScope;
  /** The property under which the steps of services are handed on, by their names. */
  readonly sharedNames: ReadonlyMap<string, string>;
}

export interface PlanMessage extends PlanBlock {
  readonly composed: Composed;
  /** `composeDashboard`; `composeEachRunCard` with `forLists`. */
  readonly name: string;
  /**
   * True if it is composed for a whole list at once: its function takes the arguments of each, and returns all of them.
   */
  readonly forLists: boolean;
  readonly file: DescFile;
  /** Steps of the service that it, or a message that it composes, reads: composing then takes a parameter `shared`. */
  readonly shared: readonly PlanStep[];
  /**
   * Immediate guards are in the separate function `admitDashboard`, so that they run before the steps of a service
   * start. `inside`: composing calls the function too, since steps compose the message as well.
   */
  readonly admits: { readonly name: string; readonly inside: boolean } | undefined;
  /** Steps whose values the literal or a touch reads, in the order of `steps`. */
  readonly awaited: readonly PlanStep[];
  /** Steps that must have ended, but whose values are not read: steps that are `held` and feed no field. */
  readonly barriers: readonly PlanStep[];
  readonly touches: readonly Touch[];
  /** Fields that are marked if they are missing, because readers of the message depend on it. */
  readonly marked: ReadonlySet<DescField>;
  /** Fields that come later in a stream of parts: each with the steps that it waits for. No field is in two parts. */
  readonly parts: readonly PlanPart[];
  /** Deferred side effects for which no part, or no part that a client chooses, may wait. */
  readonly heldParts: readonly PlanStep[];
  /** Arguments that bring causes with them: then composing takes a parameter `from`. */
  readonly tainted: readonly string[];
  /** True if anything in it, or in the messages that it composes, may be recorded as degraded. */
  readonly degradable: boolean;
  /**
   * The fields that need each step, if some answers contain only a part of its fields: composing then takes a parameter
   * `fields`.
   */
  readonly keptFor: KeptFor | undefined;
  /** Set if another file composes it too: the members of the app object that it and its composed messages need. */
  readonly needs: AppNeeds | undefined;
}

/** Names of the fields, or of the handed-on steps, that need a step. Steps that always run are missing. */
export type KeptFor = ReadonlyMap<PlanStep, readonly string[]>;

/** Paths of fields of an answer that need a step of a service or an opening; `true`: every answer does. */
export type Need = readonly (readonly string[])[] | true;

export interface PlanPart {
  /** Places among the targets of the message. */
  readonly targets: readonly number[];
  /** Fields in the same order, with all members of a oneof. */
  readonly fields: readonly DescField[];
  /** Steps whose values its fields read and the first message does not, in the order of steps. */
  readonly awaited: readonly PlanStep[];
  /** Steps that must have ended, but whose values are not read. */
  readonly barriers: readonly PlanStep[];
  /** The touches of the message that belong to its fields. */
  readonly touches: readonly Touch[];
}

/** The steps of a message that run once for all items of a stream. */
export interface PlanOpening extends PlanBlock {
  readonly composed: Opening;
  /** `openRunUpdate` */
  readonly name: string;
  readonly file: DescFile;
  /** Steps of the service that they read: then opening takes a parameter `shared`. */
  readonly shared: readonly PlanStep[];
  readonly admits: PlanMessage["admits"];
  /** Steps that must have ended before the source opens. */
  readonly awaited: readonly PlanStep[];
  /** Steps that items read, with the names under which items receive them. */
  readonly gives: readonly { readonly name: string; readonly step: PlanStep }[];
  readonly inherits: ReadonlyMap<PlanStep, readonly TouchOrigin[]>;
  /** As of `PlanStart`. */
  readonly neededFor: KeptFor | undefined;
  readonly needs: AppNeeds | undefined;
}

export interface AppNeeds {
  readonly names: readonly string[];
  /**
   * The variables of the environment, in place of `env` among the names, if the file's own type `Env` lacks some of
   * them.
   */
  readonly env: readonly EnvVar[] | undefined;
}

export interface PlanStep {
  readonly step: Step;
  readonly if: Expression | undefined;
  readonly source: PlanSource;
  /** Every expression of its source. */
  readonly expressions: readonly Expression[];
  /** Name of the value; the started step is `${name}Step`. */
  readonly name: string;
  /** A plain value: nothing to wait for, cannot fail. */
  readonly sync: boolean;
  /** True for a guard over values that are available at once: it runs before any call is sent. */
  readonly immediate: boolean;
  /** Steps whose values it waits for, in order of declaration. */
  readonly waitsFor: readonly PlanStep[];
  /** For a switch: the steps that only one case reads, by case (the default last), in order. */
  readonly lazy: readonly (readonly PlanStep[])[];
  /** True if only one case of a switch reads it. */
  readonly onlyInCase: boolean;
  /** Set for a step that only values of members of one oneof read: it starts once such a member may be chosen. */
  readonly demand: (Demand & { readonly waitsFor: readonly PlanStep[] }) | undefined;
  /**
   * Flags that the emitted code keeps for touches. `ran`: its `if` let it run. `items`: its `each` had items. `picked`:
   * the `if` chose one of them. `made`: one of them had a result. `lacks`: a value that items depend on was absent.
   * `case`: the chosen case.
   */
  readonly tracks: {
    readonly ran: boolean;
    readonly items: boolean;
    readonly picked: boolean;
    readonly made: boolean;
    readonly lacks: boolean;
    readonly case: boolean;
  };
  /** True if an expression reads the failure of this step, or of a step that is left out when this step is absent. */
  readonly explained: boolean;
  /** True if an expression reads a failure that this step notes without ending with it. */
  readonly notes: boolean;
  /** True if a part of it marks it as touched although it has a value, or if it notes a failure. */
  readonly marks: boolean;
  /** For side effects: the steps that must have succeeded first, besides the parameter `before`. */
  readonly clearedBy: readonly PlanStep[];
  readonly effectful: boolean;
  /**
   * True if no answer leaves before it has ended. It is critical, has side effects or may fail the response otherwise,
   * or it starts such a step for one of its cases.
   */
  readonly held: boolean;
  /** `each`: calls in flight are bounded. */
  readonly bounded: boolean;
  /**
   * `each`: a larger number of items fails the step. `fromClient`: the items come from the client, which receives the
   * failure.
   */
  readonly most: { readonly items: number; readonly fromClient: boolean } | undefined;
}
/** The tracks of a step that no touch reads. */
export const NO_TRACKS: PlanStep["tracks"] = {
  ran: false,
  items: false,
  picked: false,
  made: false,
  lacks: false,
  case: false,
};

/** Effect of a failure on a field. */
export interface Touch {
  /** The field's proto name. */
  readonly field: string;
  readonly target:
    | { readonly kind: "field"; readonly index: number }
    /** `held`: counts only if the member's `if` held (true), or did not hold (false). */
    | { readonly kind: "member"; readonly index: number; readonly member: number; readonly held?: boolean | undefined }
    /** A field of a message that a resolver supplies. */
    | { readonly kind: "resolved"; readonly field: DescField };
  readonly origins: readonly TouchOrigin[];
}

export interface TouchOrigin {
  readonly origin:
    | { readonly kind: "step"; readonly step: PlanStep }
    | { readonly kind: "arg"; readonly name: string }
    /** Something inside a step's value that holds composed messages. `rank`: index of the step that composes them. */
    | {
        readonly kind: "within";
        readonly step: PlanStep;
        readonly rank: number;
        readonly reads: readonly FieldRead[];
      }
    /** The same, inside an argument. */
    | { readonly kind: "within arg"; readonly arg: Variable; readonly reads: readonly FieldRead[] };
  /**
   * True if the cause left items out of a list. Steps: these lists left items out only if one of their flags `lacks` is
   * set.
   */
  readonly leftOut: boolean | readonly PlanStep[];
  readonly when: readonly Condition[];
}

export type Condition =
  | { readonly kind: "ran"; readonly step: PlanStep }
  | { readonly kind: "items"; readonly step: PlanStep }
  /** Its `if` has chosen some of them; */
  | { readonly kind: "picked"; readonly step: PlanStep }
  /** The key of one of them was present. */
  | { readonly kind: "made"; readonly step: PlanStep }
  /** Case number `index` (the default is the last) was chosen. */
  | { readonly kind: "chosen"; readonly step: PlanStep; readonly index: number }
  /** The condition of this case was evaluated. */
  | { readonly kind: "asked"; readonly step: PlanStep; readonly index: number };

// Operation of a step: its call, composition, list, choice or guard, with the decisions that printing needs.

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
