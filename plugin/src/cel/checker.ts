import type { Registry } from "@bufbuild/protobuf";
import type { Origin, Text } from "../origin.ts";
import type { Ast, Span } from "./ast.ts";
import { checkCall } from "./check-call.ts";
import { checkMessage } from "./check-message.ts";
import { checkName } from "./check-name.ts";
import type { Node, NodeBase, Read } from "./expression.ts";
import { anyFails, joinProtos, joinTypes } from "./join.ts";
import type { Complain } from "./reporter.ts";
import type { CelType, Proto, Scope, Variable } from "./type.ts";
import { typeName } from "./type-name.ts";

/** What holds where a part of an expression stands. */
export interface Place {
  /** The variables of the macros around it. */
  readonly locals: ReadonlyMap<string, Variable>;
  /** The variables for which `ok` is known to hold. */
  readonly known: ReadonlySet<Variable>;
}

/** What the checks of one expression share. Each gives undefined after a diagnostic. */
export class Checker {
  readonly complain: Complain;
  readonly registry: Registry;
  readonly scope: Scope;
  readonly reads: Read[] = [];
  readonly #text: Text;

  constructor(text: Text, scope: Scope, registry: Registry, complain: Complain) {
    this.#text = text;
    this.scope = scope;
    this.registry = registry;
    this.complain = complain;
  }

  check(ast: Ast, place: Place): Node | undefined {
    switch (ast.kind) {
      case "constant": {
        const kind = constantKind(ast.value, ast.unsigned);
        return { ...this.base(ast, { kind }), kind: "constant", value: ast.value };
      }
      case "ident":
      case "select":
        return checkName(this, ast, place);
      case "call":
        return checkCall(this, ast, place);
      case "list": {
        const elements = this.all(ast.elements, place);
        if (elements === undefined) return undefined;
        const element = joinTypes(elements);
        const proto = joinProtos(elements);
        return {
          ...this.base(ast, { kind: "list", element }, proto && { kind: "list", of: proto }, anyFails(elements)),
          kind: "list",
          elements,
        };
      }
      case "map": {
        const keys = this.all(
          ast.entries.map(([key]) => key),
          place,
        );
        const values = this.all(
          ast.entries.map(([, value]) => value),
          place,
        );
        if (keys === undefined || values === undefined) return undefined;
        for (const key of keys) {
          if (!["bool", "int", "uint", "string", "dyn"].includes(key.type.kind)) {
            return this.complain("BFF305", ast, `a map cannot have keys of type ${typeName(key.type)}`);
          }
        }
        const type: CelType = { kind: "map", key: joinTypes(keys), value: joinTypes(values) };
        // A key that is given twice is an error of its own.
        const fails = anyFails([...keys, ...values]) || keys.length > new Set(keys.map(constantOf)).size;
        return {
          ...this.base(ast, type, undefined, fails),
          kind: "map",
          entries: keys.flatMap((key, index) => {
            const value = values[index];
            return value === undefined ? [] : [[key, value] as const];
          }),
        };
      }
      case "message":
        return checkMessage(this, ast, place);
    }
  }

  base(at: Span, type: CelType, proto: Proto | undefined = undefined, fails = false): NodeBase {
    return { type, proto, fails, at: this.origin(at) };
  }

  origin(at: Span): Origin {
    return this.#text.place(at.start, at.end);
  }

  textOf(at: Span): string {
    return this.#text.value.slice(at.start, at.end);
  }

  /** Checks every one even after a fault, so that one run shows every fault. */
  all(asts: readonly Ast[], place: Place): Node[] | undefined {
    const nodes = asts.map((ast) => this.check(ast, place)).filter((node) => node !== undefined);
    return nodes.length === asts.length ? nodes : undefined;
  }

  variable(name: string, place: Place): Variable | undefined {
    return place.locals.get(name) ?? this.scope.lookup(name);
  }

  read(variable: Variable, kind: Read["kind"], at: Span, place: Place): void {
    if (variable.role === "local") return;
    const safe = kind === "ok" || !variable.absent || place.known.has(variable);
    this.reads.push({ variable, kind, safe, at: this.origin(at) });
  }

  /** The variable that is written here when it is a group of names (`args`, `env`, `error`) or `headers`. */
  group(ast: Ast, place: Place): Variable | undefined {
    if (ast.kind !== "ident") return undefined;
    const variable = this.variable(ast.name, place);
    return variable?.type.kind === "struct" || variable?.role === "headers" ? variable : undefined;
  }

  condition(node: Node, at: Span): Node | undefined {
    if (node.type.kind === "bool") return node;
    if (node.type.kind === "dyn" || (node.type.kind === "wrapper" && node.type.of.kind === "bool")) {
      return fit(node, { kind: "bool" });
    }
    return this.complain(
      "BFF305",
      at,
      `a condition is a bool, and this is ${typeName(node.type)}`,
      conditionHint(node.type),
    );
  }
}

/** Puts in what an operand needs before it can stand for `type`: a wrapper has to have a value, a dyn to be of that type. */
export function fit(node: Node, type: CelType): Node {
  const base = { at: node.at, fails: true, type, proto: undefined };
  if (node.type.kind === "wrapper" && type.kind !== "wrapper" && type.kind !== "dyn") {
    return { ...base, type: node.type.of, kind: "call", fn: "value", overload: "unwrap", args: [node] };
  }
  if (node.type.kind === "dyn" && type.kind !== "dyn" && type.kind !== "param") {
    return { ...base, kind: "call", fn: "value", overload: "cast", args: [node] };
  }
  return node;
}

function constantKind(value: (Node & { kind: "constant" })["value"], unsigned: boolean) {
  switch (typeof value) {
    case "string":
      return "string";
    case "bigint":
      return unsigned ? "uint" : "int";
    case "number":
      return "double";
    case "boolean":
      return "bool";
    default:
      return value === null ? "null" : "bytes";
  }
}

function constantOf(node: Node): unknown {
  return node.kind === "constant" ? node.value : node;
}

function conditionHint(type: CelType): string | undefined {
  switch (type.kind) {
    case "string":
      return "Compare it: x != ''.";
    case "int":
    case "uint":
    case "double":
      return "Compare it: x != 0.";
    case "list":
    case "map":
      return "Ask for its size: size(x) > 0.";
    case "message":
      return "Ask whether it is there: has(x.field) or ok(step).";
    default:
      return undefined;
  }
}
