import type { Registry } from "@bufbuild/protobuf";
import type { Origin, Text } from "../../diagnostic/diagnostic.ts";
import type { Ast, Span } from "../syntax/ast.ts";
import type { Complain } from "../syntax/reporter.ts";
import { fit } from "../types/forms/fit.ts";
import type { Language } from "../types/functions/language.ts";
import type { CelType, Node, NodeBase, Proto, Read, Scope, Variable } from "../types/model/type.ts";
import { typeName } from "../types/model/type-name.ts";
import { TypeVariables } from "../types/model/type-variables.ts";

/** Knowledge about the place of a part of an expression. */
export interface CelPlace {
  /** The variables of the surrounding macros. */
  readonly locals: ReadonlyMap<string, Variable>;
  /** The variables for which `ok` is known to hold. */
  readonly known: ReadonlySet<Variable>;
  /** Those for which it is known not to hold. */
  readonly gone: ReadonlySet<Variable>;
  /** The fields of variables of macros that are known not to be missing, as paths after the name. */
  readonly items?: ReadonlyMap<Variable, ReadonlySet<string>>;
  /** The test of a path around its parts, which may find no value. */
  readonly tested?: "has" | "ok";
}

/** Checks one expression by its kind. The only implementation is in dispatch.ts. */
type CheckAst = (checker: Checker, ast: Ast, place: CelPlace) => Node | undefined;

const DYN: CelType = { kind: "dyn" };

interface CheckerParts {
  readonly text: Text;
  readonly scope: Scope;
  readonly registry: Registry;
  readonly language: Language;
  readonly complain: Complain;
  readonly checkAst: CheckAst;
}

/** State that the checks of one expression share. Each check returns undefined after a diagnostic. */
export class Checker {
  readonly complain: Complain;
  readonly registry: Registry;
  readonly scope: Scope;
  readonly language: Language;
  readonly types = new TypeVariables();
  readonly reads: Read[] = [];
  /** Types that calls, literals and macros require of their operands, for `settle`. */
  readonly expected = new Map<Node, readonly CelType[]>();
  /** True if the expression has a read that can never have a value. */
  vain = false;
  readonly #spans = new WeakMap<Origin, Span>();
  readonly #text: Text;
  readonly #checkAst: CheckAst;

  constructor({ text, scope, registry, language, complain, checkAst }: CheckerParts) {
    this.#text = text;
    this.#checkAst = checkAst;
    this.scope = scope;
    this.registry = registry;
    const { functions = [] } = scope;
    this.language =
      functions.length === 0 ? language : { ...language, functions: [...language.functions, ...functions] };
    this.complain = complain;
  }

  check(ast: Ast, place: CelPlace): Node | undefined {
    return this.#checkAst(this, ast, place);
  }

  base(at: Span, type: CelType, proto: Proto | undefined = undefined, fails = false): NodeBase {
    return { type, proto, fails, at: this.origin(at) };
  }

  origin(at: Span): Origin {
    const origin = this.#text.place(at.start, at.end);
    this.#spans.set(origin, at);
    return origin;
  }

  /** Returns the place of a node in the text. */
  spanOf(node: Node): Span {
    return this.#spans.get(node.at) ?? { start: 0, end: this.#text.value.length };
  }

  textOf(at: Span): string {
    return this.#text.value.slice(at.start, at.end);
  }

  /** Returns the type of a node, as far as it is known now. */
  typeOf(node: Node): CelType {
    return this.types.resolve(node.type);
  }

  /** Returns a type for a message to an author. An open type is any type. */
  shown(type: CelType): string {
    return typeName(this.types.resolve(type, true));
  }

  /** Checks all expressions even after a fault, so that one run reports every fault. */
  all(asts: readonly Ast[], place: CelPlace): Node[] | undefined {
    const nodes = asts.map((ast) => this.check(ast, place)).filter((node) => node !== undefined);
    return nodes.length === asts.length ? nodes : undefined;
  }

  variable(name: string, place: CelPlace): Variable | undefined {
    return place.locals.get(name) ?? this.scope.lookup(name);
  }

  read(variable: Variable, kind: Read["kind"], at: Span, place: CelPlace): void {
    if (variable.role === "local" || variable.missing?.root?.role === "local") return;
    const isTest = kind === "ok" || kind === "failure";
    const safe = isTest || place.tested === "ok" || !variable.absent || place.known.has(variable);
    // If surrounding conditions contradict each other, no read can have a value. Conditions of the expression itself
    // are removed with the parts that they decide.
    const { known, gone } = this.scope;
    const contradicted = known?.has(variable) === true && gone?.has(variable) === true;
    if (!isTest && place.gone.has(variable) && (!safe || contradicted)) this.#vain(at, contradicted);
    this.reads.push({ variable, kind, safe, at: this.origin(at) });
  }

  /**
   * Reports a read of a variable that never has a value there. `contradicted`: a condition requires the value, too.
   */
  #vain(at: Span, contradicted: boolean): void {
    const name = this.textOf(at);
    const condition = `an earlier condition holds only if "${name}" is absent`;
    if (contradicted)
      this.complain(
        "BFF321",
        at,
        `this never runs: it needs "${name}", and ${condition}`,
        "leave this out, or change one of the two conditions",
      );
    else
      this.complain(
        "BFF321",
        at,
        `"${name}" never has a value here: ${condition}`,
        `leave this out, or read "${name}" only if ok(${name}) holds`,
      );
    this.vain = true;
  }

  /** Returns the variable of an expression that is a group of names (`args`, `env`, `error`) or `headers`. */
  group(ast: Ast, place: CelPlace): Variable | undefined {
    if (ast.kind !== "ident") return undefined;
    const variable = this.variable(ast.name, place);
    return variable?.type.kind === "struct" || variable?.role === "headers" ? variable : undefined;
  }

  condition(node: Node, at: Span): Node | undefined {
    const type = this.typeOf(node);
    if (type.kind !== "null" && this.types.assignable(type, { kind: "bool" })) {
      return node;
    }
    if (!this.language.checked) return fit(this.dynamic(node), { kind: "bool" });
    return this.complain(
      "BFF305",
      at,
      `a condition must be a bool, and this is ${this.shown(type)}`,
      conditionHint(type),
    );
  }

  /** Returns the same value with its type known only at run time. */
  dynamic(node: Node): Node {
    if (node.type.kind === "dyn") return node;
    return { ...node, type: DYN, proto: undefined, kind: "call", fn: "dyn", overload: "to_dyn", args: [node] };
  }
}

function conditionHint(type: CelType): string | undefined {
  switch (type.kind) {
    case "string":
      return "compare it: x != ''";
    case "int":
    case "uint":
    case "double":
      return "compare it: x != 0";
    case "list":
    case "map":
      return "compare its size: size(x) > 0";
    case "message":
      return "test its presence: has(x.field) or ok(step)";
    case "optional":
      return "test its presence: x.hasValue()";
    default:
      return undefined;
  }
}

/** A call by its types, as an author would write it: `int + string`, `string.contains(int)`. */
export function describeCall(fn: string, method: boolean, types: readonly CelType[]): string {
  const names = types.map(typeName);
  const [first = "", second = "", third = ""] = names;
  const infix = /^_([^_[\]?]+)_$/.exec(fn)?.[1];
  if (infix !== undefined) return `${first} ${infix} ${second}`;
  if (fn === "@in") return `${first} in ${second}`;
  if (fn === "_[_]") return `${first}[${second}]`;
  if (fn === "_[?_]") return `${first}[?${second}]`;
  if (fn === "_?_:_") return `${first} ? ${second} : ${third}`;
  const prefix = /^([!-])_$/.exec(fn)?.[1];
  if (prefix !== undefined) return `${prefix}${first}`;
  return method ? `${first}.${fn}(${names.slice(1).join(", ")})` : `${fn}(${names.join(", ")})`;
}

/** A few names for a hint. */
export function nameList(names: readonly string[], prefix = ""): string {
  const shown = names.slice(0, 8).map((name) => prefix + name);
  return shown.join(", ") + (names.length > shown.length ? ", …" : "");
}
