// Lists that may lack items because of failures, and the values that are computed from them (language.md, "When a value
// is missing").
import type { DescField } from "@bufbuild/protobuf";
import { type CelType, childrenOf, type Expression, isComplete, type Node, type Variable } from "../../../cel/index.ts";
import { type AnyBlock, blocksOf, composesOf, sourceExpressions } from "../blocks.ts";
import { first } from "../first.ts";
import type { EachSource, Model, Step } from "../model.ts";
import { lackIn } from "./failable.ts";

/** The reason why a list may lack items. */
export interface Loss {
  /** The step of the `each` that leaves items out. */
  readonly step: Step & { readonly source: EachSource };
  /** Value that items read and may lack. Undefined: `partial` leaves out items that fail. */
  readonly lacks?: Variable | undefined;
}

/** Finds the values that are computed from lists without some of their items. */
export class IncompleteLists {
  readonly #variables = new Map<Variable, Loss>();
  readonly #fields = new Map<DescField, Loss>();

  constructor(model: Model) {
    const blocks = blocksOf(model);
    const args = new Map(model.messages.map(({ desc, args }) => [desc.typeName, args.members]));
    for (let found = -1; found < this.#size; ) {
      found = this.#size;
      for (const block of blocks) this.#visitBlock(block, args);
      for (const { fields, subset } of model.ir.files.flatMap(({ messages }) => messages))
        for (const { desc, source } of subset === undefined ? [] : fields)
          keep(this.#fields, desc, source && this.#fields.get(source.desc));
    }
  }

  /** Returns the first part of an expression that computes a value from such a list, and the list's loss. */
  computed({ root }: Expression): { readonly node: Node; readonly loss: Loss } | undefined {
    return this.#computed(root);
  }

  get #size(): number {
    return this.#variables.size + this.#fields.size;
  }

  #visitBlock(block: AnyBlock, args: ReadonlyMap<string, AnyBlock["args"]["members"]>): void {
    const failing = lackIn(block);
    for (const step of [...block.shared, ...block.steps]) {
      if (step.variable !== undefined) keep(this.#variables, step.variable, this.#lossOfStep(step, failing));
      for (const { message, args: bindings } of composesOf(step.source))
        for (const { name, by } of bindings) {
          const arg = args.get(message.typeName)?.find((member) => member.name === name);
          if (arg !== undefined) keep(this.#variables, arg.variable, this.#lossOf(by.root));
        }
    }
    for (const target of block.targets)
      for (const { field, bound } of target.kind === "field" ? [target] : target.members)
        keep(this.#fields, field, this.#lossOf(bound.expression.root));
  }

  #lossOfStep(step: Step, failing: ReturnType<typeof lackIn>): Loss | undefined {
    const { source, fallback } = step;
    const other = fallback && this.#lossOf(fallback.expression.root);
    switch (source.kind) {
      case "by":
        return this.#lossOf(source.by.root) ?? other;
      case "switch":
        return first([...source.cases.map(({ value }) => value), source.default], (value) =>
          value === undefined ? undefined : this.#lossOf(value.expression.root),
        );
      case "shared":
        return first(source.of, ({ variable }) => variable && this.#variables.get(variable));
      case "each":
        return lossOfEach({ ...step, source }, failing) ?? this.#lossOf(source.in.root) ?? other;
      default:
        return other;
    }
  }

  /** Returns the loss of a list, of a map, or of an optional one. */
  #lossOf(node: Node): Loss | undefined {
    if (!isCollection(node.type)) return undefined;
    if (node.kind === "name") return this.#variables.get(node.variable);
    if (node.kind === "select")
      return typeof node.field === "string" || isComplete(node) ? undefined : this.#fields.get(node.field);
    const made = this.#bind(node) ? childrenOf(node).slice(1) : childrenOf(node);
    return first(made, (child) => this.#lossOf(child));
  }

  /** Returns true for `cel.bind`, and keeps the loss of the value that it names. */
  #bind(node: Node): boolean {
    if (node.kind !== "macro" || node.macro !== "bind") return false;
    const [name] = node.vars;
    if (name !== undefined) keep(this.#variables, name, this.#lossOf(node.range));
    return true;
  }

  #computed(node: Node): { readonly node: Node; readonly loss: Loss } | undefined {
    if (node.kind === "ok" || isEmptyTest(node)) return undefined;
    const children = childrenOf(node);
    const loss =
      this.#bind(node) || isCollection(node.type) || TAKES_ONE.has(overloadOf(node))
        ? undefined
        : first(children, (child) => this.#lossOf(child));
    return loss === undefined ? first(children, (child) => this.#computed(child)) : { node, loss };
  }
}

/** Functions that read one item, or the type. */
const TAKES_ONE: ReadonlySet<string> = new Set([
  ...["index_list", "index_map", "optional_index", "list_first", "list_last", "type"],
]);

const overloadOf = (node: Node): string => (node.kind === "call" ? node.overload : "");

function isCollection(type: CelType): boolean {
  return type.kind === "list" || type.kind === "map" || (type.kind === "optional" && isCollection(type.of));
}

/** Returns true for a test whether a step's list is empty. A list fails if all of its items fail. */
function isEmptyTest(node: Node): boolean {
  if (node.kind !== "call" || !/^(not_equals|equals|(greater|less)_)/.test(node.overload)) return false;
  const [left, right] = node.args;
  const isZero = (side: Node | undefined): boolean => side?.kind === "constant" && side.value === 0n;
  const isSize = (side: Node | undefined): boolean =>
    side?.kind === "call" && side.fn === "size" && side.args[0]?.kind === "name";
  return (isZero(left) && isSize(right)) || (isSize(left) && isZero(right));
}

/** `min` declares how many values suffice. */
function lossOfEach(step: Loss["step"], failing: ReturnType<typeof lackIn>): Loss | undefined {
  const { source, ir } = step;
  const min = ir.source?.kind === "each" ? ir.source.min : undefined;
  if (source.partial && min === undefined) return { step };
  const items = [source.if, source.key, ...sourceExpressions(source.source)];
  const lacks = first(items, (item) => item?.unsafe.find((read) => failing({ unsafe: [read] }) === "failure"));
  return lacks && { step, lacks };
}

function keep<K>(found: Map<K, Loss>, key: K, loss: Loss | undefined): void {
  if (loss !== undefined && !found.has(key)) found.set(key, loss);
}
