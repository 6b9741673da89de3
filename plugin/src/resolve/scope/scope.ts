// The names that expressions of one message may use.

import { type Registry, ScalarType } from "@bufbuild/protobuf";
import {
  type CelType,
  checkExpression,
  childrenOf,
  type Expression,
  goneWhere,
  type Node,
  type Overload,
  type Scope,
  strict,
  sureWhere,
  typeName,
  type Variable,
} from "../../cel/index.ts";
import { type Diagnostic, fault, type Origin, type Report, type Text } from "../../diagnostic/diagnostic.ts";
import type { EnumRelations } from "../conversions/enum-relations.ts";
import { conditionInstead } from "../conversions/replacement.ts";
import type { Observe } from "../model/checked-text.ts";
import type { Step } from "../model/model.ts";
import type { ConstantTests } from "./constant-tests.ts";
import { type FreeNames, freeNames } from "./free-names.ts";
import { checkSpecialCalls } from "./special-calls.ts";

const STRING: CelType = { kind: "string" };

export const HEADERS: Variable = {
  name: "headers",
  role: "headers",
  type: { kind: "map", key: STRING, value: STRING },
  proto: undefined,
  absent: false,
};

/** Origin of a request, as far as it is known. */
export const PEER: Variable = {
  name: "peer",
  role: "peer",
  type: {
    kind: "struct",
    members: new Map([
      [
        "address",
        {
          name: "peer.address",
          role: "peer",
          type: STRING,
          proto: { kind: "scalar", scalar: ScalarType.STRING },
          absent: false,
        },
      ],
    ]),
  },
  proto: undefined,
  absent: false,
};

/** Fields of `error` in `on_error` and `retry.if`. */
export const ERROR: Variable = {
  name: "error",
  role: "error",
  type: {
    kind: "struct",
    members: new Map(
      (
        [
          ["code", { kind: "int" }, ScalarType.INT32],
          ["message", STRING, ScalarType.STRING],
        ] as const
      ).map(([name, type, scalar]) => [
        name,
        { name: `error.${name}`, role: "error", type, proto: { kind: "scalar", scalar }, absent: false },
      ]),
    ),
  },
  proto: undefined,
  absent: false,
};

/** Everything that expressions of one message are checked against; grows as steps are resolved. */
export interface MessageScope {
  readonly registry: Registry;
  readonly container: string;
  readonly enums: EnumRelations;
  readonly report: Report;
  /** `args`, `headers`, `env`, `now`, and with an identity `principal` and `peer`. */
  readonly builtins: ReadonlyMap<string, Variable>;
  /** Places that declare RPCs public, so that `principal` may be absent; if none is, those of their permits. */
  readonly callersAt: readonly Origin[];
  readonly steps: Map<string, Step>;
  /** The same steps by their variables. */
  readonly stepOf: Map<Variable, Step>;
  /** Steps with a fault. Expressions that read them are not checked, so that one mistake results in one diagnostic. */
  readonly broken: Set<string>;
  /** Names of all provided arguments, read or not. An unknown name without `args.` may mean one of them. */
  readonly offered: readonly string[];
  /** Members of `args` that have a fault. */
  readonly brokenArgs: ReadonlySet<string>;
  /** Members of `env` that have a fault. */
  readonly brokenEnv: ReadonlySet<string>;
  /** Functions of the user. */
  readonly functions: readonly Overload[];
  /** The names of those that have a fault. */
  readonly brokenFunctions: Set<string>;
  /** Variables with a value, because of a surrounding condition. */
  readonly known: ReadonlySet<Variable>;
  /** Variables without a value, because of a surrounding condition. */
  readonly gone?: ReadonlySet<Variable>;
  /** Steps of the service, which are in scope outside of messages too, and the names of those with a fault. */
  readonly shared: { readonly steps: Map<string, Step>; readonly broken: Set<string> };
  /**
   * Set in a permit and in a limit: errors are never absorbed, and an unset value is an error (cel/types/strict.ts).
   */
  readonly strict?: "permit" | "limit" | undefined;
  /** True in the message that a unary rpc answers with, where pages may be. */
  readonly pages?: boolean | undefined;
  /** True for the `in` of an `each`, which may be the names of all shards. */
  readonly scatters?: boolean | undefined;
  readonly observe?: Observe | undefined;
  readonly constants?: ConstantTests;
  /** Returns why a field of a composed message can be missing. Undefined: no expression sees composed messages. */
  readonly lackOf?: Scope["lackOf"];
}

export function free(scope: MessageScope, text: Text): FreeNames {
  return freeNames(text.value, scope.registry, scope.container);
}

/** Checks an expression. Returns undefined after a diagnostic, or if it reads a name with a fault. */
export function check(scope: MessageScope, text: Text, locals: readonly Variable[] = []): Expression | undefined {
  const names = namesOf(scope, locals);
  const expression = checkIn(scope, names, text);
  scope.observe?.({ text, scope: names, stepOf: scope.stepOf, expression });
  return expression;
}

function checkIn(scope: MessageScope, names: Scope, text: Text): Expression | undefined {
  // Reported when it was read.
  if (text.value.trim() === "") return undefined;
  const reads = free(scope, text);
  for (const name of reads.names) if (scope.broken.has(name)) return undefined;
  // A malformed name, such as "the-item", is not among the free names.
  for (const name of scope.broken) if (!/^\w+$/.test(name) && text.value.includes(name)) return undefined;
  for (const name of reads.args) if (scope.brokenArgs.has(name)) return undefined;
  for (const name of reads.env) if (scope.brokenEnv.has(name)) return undefined;
  for (const name of scope.brokenFunctions) if (text.value.includes(name)) return undefined;
  const within = scope.constants?.within(text, scope.report) ?? scope.report;
  const report: Report = (diagnostic) => {
    const { code, message } = diagnostic;
    if (isOfAnotherType(diagnostic)) within({ ...diagnostic, related: typePlaces(scope, reads) });
    else if (code === "BFF316" && message.startsWith('"principal"'))
      within({
        ...diagnostic,
        related: scope.callersAt.map((at) => ({ at, message: "this permit requires a caller" })),
      });
    else within(diagnostic);
  };
  const found = checkExpression(text, names, scope.registry, report);
  const place = { pages: scope.pages === true, scatters: scope.scatters === true };
  if (found === undefined || !checkSpecialCalls(found.root, place, scope.report)) return undefined;
  if (scope.strict === undefined) return found;
  return comparesOptionals(found, scope.strict, scope.report) ? undefined : strict(found);
}

/** Returns true if a step, argument or caller has another type: a field that no field resembles is no typo. */
const isOfAnotherType = ({ code, message, hint }: Diagnostic): boolean =>
  code === "BFF303" ? hint?.startsWith("choose one of its fields") === true : MISREAD.test(`${code} ${message}`);
/** A key or a field of a list or a map, and a macro over neither. */
const MISREAD =
  /^BFF305 ((list|map)\(.*(\] does not exist|has no field ".*")|`.* needs a list or a map, and this is .*)$/;

/** Returns the names of a place in the form in which expressions are checked. */
function namesOf(scope: MessageScope, locals: readonly Variable[]): Scope {
  const localsByName = new Map(locals.map((local) => [local.name, local]));
  return {
    lookup: (name) => localsByName.get(name) ?? scope.steps.get(name)?.variable ?? scope.builtins.get(name),
    names: () => [
      ...localsByName.keys(),
      ...scope.steps.keys(),
      ...scope.broken,
      ...scope.offered.map((name) => `args.${name}`),
      ...scope.builtins.keys(),
    ],
    container: scope.container,
    known: scope.known,
    ...(scope.gone && { gone: scope.gone }),
    functions: scope.functions,
    lackOf: scope.lackOf,
    enums: scope.enums,
  };
}

/** Reports comparisons of two optionals. Two empty optionals are equal, which proves nothing about a caller. */
function comparesOptionals({ root }: Expression, of: string, report: Report): boolean {
  const found = (node: Node): Node | undefined => {
    const equality = node.kind === "call" && (node.overload === "equals" || node.overload === "not_equals");
    if (equality && node.args.every(({ type }) => type.kind === "optional")) return node;
    for (const child of childrenOf(node)) {
      const inside = found(child);
      if (inside !== undefined) return inside;
    }
    return undefined;
  };
  const node = found(root);
  if (node === undefined) return false;
  fault(report, "BFF243", node.at, {
    message: `a ${of} cannot compare two values that may both be absent: two absent values are equal`,
    hint: "test one of them first, as in has(a.b) && a.b == …",
  });
  return true;
}

/** Checks the value of a step, or of its items. A constant null has no type for readers. */
export function checkValue(scope: MessageScope, text: Text, locals: readonly Variable[] = []): Expression | undefined {
  const found = check(scope, text, locals);
  if (found?.type.kind !== "null") return found;
  reportNull(scope, text);
  return undefined;
}

export function reportNull(scope: MessageScope, text: Text): void {
  fault(scope.report, "BFF344", text.at, {
    message: "this is always null, so it has no type",
    hint: "write a value of another type, such as '' or 0, or leave the step out",
  });
}

/**
 * Returns the scope of a part that is evaluated only if a condition holds, or with `outcome` false only if it does not.
 * Examples are the step of an `if`, the value of a binding or of a case, an item, and the failure of a guard.
 */
export function where(scope: MessageScope, condition: Expression | undefined, outcome = true): MessageScope {
  if (condition === undefined) return scope;
  const gone = goneWhere(condition, outcome);
  return {
    ...scope,
    known: scope.known.union(sureWhere(condition, outcome)),
    gone: scope.gone?.union(gone) ?? gone,
  };
}

/** Returns the scope behind the `if` of a step. An `if` with a fault may prove that any name has a value. */
export function behind(scope: MessageScope, text: Text | undefined, condition: Expression | undefined): MessageScope {
  if (text === undefined || condition !== undefined) return where(scope, condition);
  const args = scope.builtins.get("args")?.type;
  const members = args?.kind === "struct" ? [...args.members.values()] : [];
  const steps = [...scope.steps.values()].flatMap(({ variable }) => variable ?? []);
  return { ...scope, known: new Set([...scope.builtins.values(), ...members, ...steps]) };
}

/** Returns the scope after a condition that does not hold, or that cannot be evaluated. */
export function unless(scope: MessageScope, condition: Expression | undefined): MessageScope {
  if (condition === undefined || condition.unsafe.length > 0) return scope;
  const gone = goneWhere(condition, false);
  return { ...scope, gone: scope.gone?.union(gone) ?? gone };
}

/** Checks a condition. */
export function checkCondition(
  scope: MessageScope,
  text: Text,
  what: string,
  locals: readonly Variable[] = [],
): Expression | undefined {
  const condition = check(scope, text, locals);
  if (condition === undefined || condition.type.kind === "bool") return condition;
  return fault(scope.report, "BFF330", text.at, {
    message: `${what} is ${typeName(condition.type)}, not bool`,
    hint: conditionInstead(condition),
  });
}

/** Returns the places of the steps with these names, for a fault that the type of one explains. */
export const stepPlaces = ({ steps }: Pick<MessageScope, "steps">, names: Iterable<string>) =>
  [...names].flatMap((name) => {
    const at = steps.get(name)?.ir.at;
    return at === undefined ? [] : [{ at, message: `step "${name}" is here` }];
  });

/** Returns the places that determine the types of the names in an expression. */
function typePlaces(scope: MessageScope, { names, args }: FreeNames): NonNullable<Diagnostic["related"]> {
  const group = scope.builtins.get("args")?.type;
  const members = group?.kind === "struct" ? [...args].map((name) => group.members.get(name)) : [];
  const principal = names.has("principal") ? scope.builtins.get("principal") : undefined;
  const typed = [...members, principal].flatMap((variable) =>
    variable?.typedAt === undefined
      ? []
      : [{ at: variable.typedAt, message: `the type of "${variable.name}" is from here` }],
  );
  return [...stepPlaces(scope, names), ...typed];
}

/** Returns the steps that expressions read, each once, in order of declaration. */
export function stepsRead(scope: MessageScope, expressions: readonly (Expression | undefined)[]): Step[] {
  const read = new Set<Step>();
  for (const expression of expressions) {
    for (const { variable } of expression?.reads ?? []) {
      const step = scope.stepOf.get(variable);
      if (step !== undefined) read.add(step);
    }
  }
  return [...read].sort((a, b) => a.index - b.index);
}

/** Returns the scope outside of messages: `headers`, `env`, `now`, and the steps of the service. */
export function withoutMessage(scope: MessageScope): MessageScope {
  const builtins = new Map([...scope.builtins].filter(([name]) => name !== "args"));
  const { steps, broken } = scope.shared;
  return { ...scope, builtins, steps, broken, offered: [], brokenArgs: new Set(), strict: undefined, pages: false };
}
