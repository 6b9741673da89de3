// Contexts for resolving one message.
import type { DescField } from "@bufbuild/protobuf";
import {
  type CelType,
  type Expression,
  messageType,
  type Overload,
  type Proto,
  type Variable,
} from "../../cel/index.ts";
import type { Origin, Report } from "../../diagnostic/diagnostic.ts";
import type { IrIdentity } from "../../ir/edge.ts";
import type { Ir, IrFile, IrFunction, IrMessage, IrService } from "../../ir/ir.ts";
import type { IrStep } from "../../ir/step.ts";
import { protoOf } from "../../model/proto-of.ts";
import type { AliasTable } from "../conversions/aliases.ts";
import type { EnumRelations } from "../conversions/enum-relations.ts";
import type { LetGraph } from "../graph/let-graph.ts";
import { answerOf, callInputs, tagHoles } from "../model/blocks.ts";
import type { Call } from "../model/call.ts";
import type { Observe } from "../model/checked-text.ts";
import type { Identity } from "../model/edge.ts";
import type { Failable } from "../model/missing/failable-fields.ts";
import type { Args, BySource, CallSource, EnvVar, Host, Source, Step } from "../model/model.ts";
import type { PolicyContext } from "../policies/context.ts";
import type { Governing } from "../policies/entries.ts";
import type { ComposePlace } from "../scope/args.ts";
import type { ConstantTests } from "../scope/constant-tests.ts";

/** State of the whole run. */
export interface Run {
  readonly ir: Ir;
  readonly report: Report;
  /** Reports a superfluous declaration, if the run has no errors. */
  readonly suspect: Report;
  readonly aliases: AliasTable;
  readonly enums: EnumRelations;
  readonly observe: Observe | undefined;
  readonly constants: ConstantTests;
  /** Every message of the files with rules, by type name. */
  readonly messages: ReadonlyMap<string, IrMessage>;
  readonly bffServices: ReadonlySet<string>;
  /** Places that compose each message, by type name; complete for a message once all its composers are resolved. */
  readonly places: Map<string, ComposePlace[]>;
  /** The arguments that each composed message reads, by type name. */
  readonly used: ReadonlyMap<string, ReadonlySet<string>>;
  /** The request fields that `spread: "args"` would fill in each composed message, if they are provided. */
  readonly spreadable: ReadonlyMap<string, ReadonlySet<string>>;
  readonly packages: Map<string, PackageContext>;
  /** Undefined after a diagnostic. */
  readonly identities: Map<IrIdentity, Identity | undefined>;
  readonly functions: UserFunctions;
  readonly lets: LetGraph;
  /** Steps of services as resolved, by declaration. A faulty one is missing. */
  readonly shared: Map<IrStep, Step>;
  /**
   * Messages with rules that nothing composes. They are only checked for faults, so messages that they compose do not
   * count as composed.
   */
  readonly uncomposed: Set<IrMessage | IrService>;
  /** By place of a rule in an upstream entry's `on_error`: true if any call tries it. */
  readonly tried: Map<Origin, boolean>;
  /** The names of messages that deferred steps compose, themselves or through other messages; composers come first. */
  readonly deferredMessages: Set<string>;
  /** The fields of composed messages that can be missing; `read` grows while expressions are checked. */
  readonly failable: { readonly fields: Failable; readonly read: Set<DescField> };
}
/** Functions by declaration, without faulty ones. Equal declarations are one function. */
export type UserFunctions = ReadonlyMap<IrFunction, Overload>;

export interface PackageContext {
  readonly governing: Governing;
  readonly env: readonly EnvVar[];
  /** The names of variables with a faulty type. */
  readonly brokenEnv: ReadonlySet<string>;
  readonly now: Variable;
  readonly hosts: readonly Host[];
  /** Identity of the callers of its services. Also undefined after a diagnostic. */
  readonly identity: Identity | undefined;
  /** True if an identity is declared, even a faulty one. */
  readonly identified: boolean;
  readonly functions: readonly Overload[];
  /** The names of those with a fault. */
  readonly brokenFunctions: ReadonlySet<string>;
}

/** Context of a message, or of a service with a `let`. */
export interface MessageContext extends PolicyContext {
  readonly run: Run;
  readonly ir: IrMessage | IrService;
  readonly file: IrFile;
  readonly args: Args;
  /** The names that every place provides, for `spread: "args"`. */
  readonly offered: readonly string[];
  readonly package: PackageContext;
  /**
   * The steps of the surrounding services, by name. A step, or the variable of an `each`, must not have one of these
   * names.
   */
  readonly around: ReadonlyMap<string, IrStep>;
}

// The source of a step, with its type for readers.

/** A source with its type and presence for readers. */
export interface Resolved {
  readonly source: Source;
  readonly type: CelType | undefined;
  readonly proto: Proto | undefined;
  /** True if it may have no value although none of its inputs is absent. */
  readonly absent: boolean;
  /** Every expression that has to be evaluated for it to have a value. */
  readonly needs: readonly (Expression | undefined)[];
  /** Expressions whose unsafe reads do not make the step absent: of switch cases, items, composed arguments. */
  readonly uses: readonly (Expression | undefined)[];
}

export function value(source: BySource): Resolved {
  const { by } = source;
  return { source, type: by.type, proto: by.proto ?? protoOf(by.type), absent: false, needs: [by], uses: [] };
}

export function valueOfCall(call: Call): Resolved {
  const source: CallSource = { kind: "call", call };
  const needs = callInputs(call);
  const uses = tagHoles(call.policy).map(({ by }) => by);
  const ignores = call.onError.some((rule) => rule.then.kind === "ignore");
  const mayLack = call.batch !== undefined && !call.batch.many;
  const { type, proto } = answerOf(call.method, call.batch);
  if (call.batch !== undefined) return { source, type, proto, absent: ignores || mayLack, needs, uses };
  // A Struct is a plain object only in a field.
  const read =
    call.method.output.typeName === "google.protobuf.Struct" ? { type, proto } : messageType(call.method.output);
  return { source, ...read, absent: ignores, needs, uses };
}

export function argsRead(
  cx: MessageContext,
  expressions: readonly (Expression | undefined)[],
): MessageContext["args"]["members"] {
  const read = new Set(expressions.flatMap((expression) => expression?.reads.map((read) => read.variable) ?? []));
  return cx.args.members.filter((arg) => read.has(arg.variable));
}

export const describe = (cx: MessageContext, step: IrStep): string =>
  `step ${step.name === undefined ? "" : `"${step.name.value}" `}of "${cx.ir.desc.name}"`;
