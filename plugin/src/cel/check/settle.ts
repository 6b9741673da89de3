import { fit } from "../types/forms/fit.ts";
import type { CelType, Node, Variable } from "../types/model/type.ts";
import { gapOfCall } from "./absence/missing-fields.ts";
import type { Checker } from "./checker.ts";

/**
 * Returns the tree with all types known: a type variable is its resolved type, or dyn. It stays open only in the type
 * of an empty literal or an empty optional, which fits any type. Operands that are dyn or wrappers are converted to the
 * required types.
 *
 * @param unsafe variables that are read without a presence test; if one is absent, the expression is not evaluated
 */
export function settle(root: Node, checker: Checker, unsafe: ReadonlySet<Variable>): Node {
  return new Settling(checker, unsafe).node(root);
}

class Settling {
  readonly #checker: Checker;
  readonly #unsafe: ReadonlySet<Variable>;
  readonly #variables = new Map<Variable, Variable>();
  /** Variables that `cel.bind` binds to a value that can fail. Its error appears at the first read. */
  readonly #failing = new Set<Variable>();

  constructor(checker: Checker, unsafe: ReadonlySet<Variable>) {
    this.#checker = checker;
    this.#unsafe = unsafe;
  }

  node(node: Node): Node {
    const type = this.#known(node.type);
    const expected = this.#checker.expected.get(node) ?? [];
    switch (node.kind) {
      case "name": {
        const fails = node.fails || this.#failing.has(node.variable);
        return { ...node, type, variable: this.#variable(node.variable), fails };
      }
      case "select":
      case "extension": {
        const of = this.node(node.of);
        return { ...node, type, of, fails: node.fails || of.fails };
      }
      case "call": {
        const args = node.args.map((arg, index) => this.#operand(arg, expected[index]));
        return { ...node, type, args, fails: node.fails || anyFails(args), ...gapOfCall(this.#checker, node, args) };
      }
      case "list": {
        const elements = node.elements.map((element, index) => this.#operand(element, expected[index]));
        return { ...node, type, elements, fails: node.fails || anyFails(elements) };
      }
      case "map": {
        const entries = node.entries.map(([key, value, optional], index) => {
          const pair = [
            this.#operand(key, expected[2 * index]),
            this.#operand(value, expected[2 * index + 1]),
          ] as const;
          return optional ? ([...pair, true] as const) : pair;
        });
        const fails = node.fails || entries.some(([key, value]) => key.fails || value.fails);
        return { ...node, type, entries, fails };
      }
      case "message": {
        const fields = node.fields.map((field, i) => ({ ...field, value: this.#operand(field.value, expected[i]) }));
        return { ...node, type, fields, fails: node.fails || fields.some(({ value }) => value.fails) };
      }
      case "macro": {
        const range = this.node(node.range);
        if (node.macro === "bind" && range.fails) for (const variable of node.vars) this.#failing.add(variable);
        const vars = node.vars.map((variable) => this.#variable(variable));
        const args = node.args.map((arg, index) => this.#operand(arg, expected[index]));
        return { ...node, type, range, vars, args, fails: node.fails || range.fails || anyFails(args) };
      }
      case "typename":
        return { ...node, type, named: this.#known(node.named) };
      case "ok": {
        const field = node.field && { ...node.field, of: this.node(node.field.of) };
        const known = node.known === undefined && this.#unsafe.has(node.variable);
        return { ...node, type, ...(field && { field }), ...(known && { known }) };
      }
      default:
        return { ...node, type };
    }
  }

  #operand(node: Node, expected: CelType | undefined): Node {
    const settled = this.node(node);
    return expected === undefined ? settled : fit(settled, this.#known(expected));
  }

  #variable(variable: Variable): Variable {
    if (variable.role !== "local") return variable;
    const local = this.#variables.get(variable) ?? { ...variable, type: this.#known(variable.type) };
    this.#variables.set(variable, local);
    return local;
  }

  #known(type: CelType): CelType {
    const found = this.#checker.types.resolve(type);
    return found.kind === "param" ? { kind: "dyn" } : found;
  }
}

function anyFails(nodes: readonly Node[]): boolean {
  return nodes.some((node) => node.fails);
}
