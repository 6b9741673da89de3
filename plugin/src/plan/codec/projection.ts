// Fields of upstream messages that a file's code reads from answers and sets in requests; codecs omit the rest. The
// selection is by type, not by place: a message of one type is read alike wherever it comes from. Values that leave the
// file's own code leave it whole.
import type { DescField, DescFile, DescMessage, DescMethod } from "@bufbuild/protobuf";
import type { CelType, Expression, Node } from "../../cel/index.ts";
import type { BoundExpression, Conversion, ConvertedTarget, MessageConversion } from "../../model/conversion.ts";
import { type AnyBlock, callsIn, policyExpressions, tagHoles } from "../../resolve/model/blocks.ts";
import type { Call, Fail } from "../../resolve/model/call.ts";
import type { Block, Composed, Opening, Source, Step } from "../../resolve/model/model.ts";
import { ProjectedFields } from "./projected-fields.ts";

/** Messages that are read (set) in part, with the fields that are read (set); other messages are read (set) whole. */
export interface Projection {
  readonly reads: ReadonlyMap<DescMessage, ReadonlySet<DescField>>;
  readonly writes: ReadonlyMap<DescMessage, ReadonlySet<DescField>>;
  /** Messages that only become fields of responses, unchanged and unread. */
  readonly passed: ReadonlySet<DescMessage>;
}

interface Projected {
  readonly file: DescFile;
  /** The messages it composes itself, and the blocks of its services. */
  readonly localBlocks: readonly AnyBlock[];
  /** Blocks of other files that they reach. */
  readonly others: readonly (Composed | Opening)[];
  /** Conversions that this file contains. */
  readonly conversions: readonly MessageConversion[];
  readonly rpcs: readonly DescMethod[];
  /** Types of principals, which no answer contains. */
  readonly principals: readonly DescMessage[];
}

export function projectionOf(all: Projected): Projection {
  const reads = readFields(all);
  const writes = setFields(all);
  const passed = reads.passed();
  return { reads: reads.parts(), writes: writes.parts(), passed };
}

// ---- answers ----

function readFields({ file, localBlocks, others, conversions, rpcs, principals }: Projected): ProjectedFields {
  const fields = new ProjectedFields();
  for (const desc of principals) fields.whole(desc);
  for (const call of localBlocks.flatMap(callsIn)) fields.some(call.method.output);
  for (const block of localBlocks)
    if (block.kind === "topic" && block.event.type.kind === "message") fields.some(block.event.type.desc);
  for (const { input, output } of rpcs) {
    fields.whole(input);
    fields.made(output);
  }
  for (const { to } of conversions) fields.made(to);
  // Their functions are generated with other codecs.
  for (const call of others.flatMap(callsIn)) fields.whole(call.method.output);
  const reader = new ValueReader(file, fields);
  for (const block of localBlocks) {
    if (block.kind === "composed") fields.made(block.desc);
    reader.block(block);
  }
  if (others.some(({ shared }) => shared.length > 0)) for (const block of localBlocks) reader.stepsWhole(block.steps);
  for (const target of conversions.flatMap(({ targets }) => targets)) readCopied(target, fields, reader);
  return fields;
}

function readCopied(target: ConvertedTarget, fields: ProjectedFields, reader: ValueReader): void {
  switch (target.kind) {
    case "computed":
      reader.shown(target.bound);
      return;
    case "message":
      for (const inner of target.targets) readCopied(inner, fields, reader);
      return;
    case "field":
    case "oneof":
      for (const { from, conversion } of target.kind === "field" ? [target] : target.members) {
        fields.add(from);
        if (from.message === undefined || !reader.takesWhole(conversion)) continue;
        if (isSame(conversion)) fields.pass(from.message);
        else fields.whole(from.message);
      }
  }
}

/** Visits expressions: a selected field is read; a value that goes anywhere but into a name is read whole. */
class ValueReader {
  readonly #file: DescFile;
  readonly #fields: ProjectedFields;
  constructor(file: DescFile, fields: ProjectedFields) {
    this.#file = file;
    this.#fields = fields;
  }
  block({ steps, targets, args }: Block): void {
    for (const step of steps) this.#step(step);
    const resolvers = steps.filter(({ source }) => source.kind === "resolver");
    if (resolvers.length > 0) {
      this.stepsWhole(resolvers.flatMap(({ reads }) => reads));
      for (const { variable } of args.members) this.#typeWhole(variable.type);
    }
    for (const target of targets) {
      const members = target.kind === "oneof" ? target.members : [{ ...target, if: undefined }];
      for (const { bound, if: condition } of members) {
        this.#named(condition);
        this.shown(bound);
      }
    }
  }
  stepsWhole(steps: readonly Step[]): void {
    for (const { variable } of steps) if (variable !== undefined) this.#typeWhole(variable.type);
  }
  /** Returns true if a conversion selects no fields itself, or selects them in another file. */
  takesWhole(conversion: Conversion): boolean {
    switch (conversion.kind) {
      case "same":
      case "represent":
        return true;
      case "enum":
        return false;
      case "message":
        return conversion.via.owner.file.name !== this.#file.name;
      case "list":
      case "map":
        return this.takesWhole(conversion.of);
    }
  }

  #step(step: Step): void {
    this.#named(step.if);
    this.#kept(step.fallback);
    this.#source(step.source);
  }
  #source(source: Source): void {
    switch (source.kind) {
      case "by":
        this.#named(source.by);
        return;
      case "call":
        this.#call(source.call);
        return;
      case "compose":
        for (const { by, if: condition } of source.args) {
          this.#named(condition);
          if (source.message.file.name === this.#file.name) this.#named(by);
          else this.#leaves(by);
        }
        return;
      case "each":
        for (const part of [source.in, source.if, source.key]) this.#named(part);
        this.#source(source.source);
        return;
      case "switch":
        for (const { if: condition, value } of source.cases) {
          this.#named(condition);
          this.#kept(value);
        }
        this.#kept(source.default);
        return;
      case "latest":
        this.#fields.some(source.type);
        this.#named(source.key);
        return;
      case "guard":
        this.#named(source.if);
        this.#fail(source.fail);
        return;
      case "shared":
      case "resolver":
        return;
      default:
        source satisfies never;
    }
  }
  #call(call: Call): void {
    if (call.request !== undefined) this.#bound(call.request);
    for (const { bound, if: condition } of call.set) {
      this.#named(condition);
      this.#bound(bound);
    }
    for (const { by, if: condition } of call.metadata) for (const part of [by, condition]) this.#named(part);
    for (const part of policyExpressions(call.policy)) this.#named(part);
    for (const { by } of tagHoles(call.policy)) this.#named(by);
    for (const rule of call.onError) {
      this.#named(rule.if);
      if (rule.then.kind === "fallback") this.#kept(rule.then.value);
      if (rule.then.kind === "fail") this.#fail(rule.then.fail);
    }
    if (call.batch === undefined) return;
    this.#bound(call.batch.by);
    this.#fields.add(call.batch.items);
    for (const computed of [call.batch.wrap?.element, call.batch.keyBy?.by])
      if (computed !== undefined) this.#bound(computed);
    if (call.batch.key === undefined) return;
    this.#fields.add(call.batch.key);
    if (call.batch.key.message !== undefined) this.#fields.whole(call.batch.key.message);
  }
  #fail(fail: Fail): void {
    for (const part of fail.message ?? []) if (typeof part !== "string") this.#leaves(part);
    for (const detail of fail.details) this.#leaves(detail);
  }

  /** Reads an expression that gets a name, or that is a condition. */
  #named(expression: Expression | undefined): void {
    if (expression !== undefined) this.#node(expression.root);
  }
  /** Reads a value that replaces another value. */
  #kept(bound: BoundExpression | undefined): void {
    if (bound === undefined) return;
    if (bound.conversion.kind === "same") this.#named(bound.expression);
    else this.#bound(bound);
  }
  #bound({ expression, conversion }: BoundExpression): void {
    if (this.takesWhole(conversion)) this.#leaves(expression);
    else this.#named(expression);
  }
  /** Reads a value that becomes a field of a response. */
  shown({ copy, ...value }: BoundExpression): void {
    // A value that is passed on unchanged is read by its copy.
    const bound = copy !== undefined && isSame(value.conversion) ? { ...value, conversion: copy.conversion } : value;
    const passed = isSame(bound.conversion) ? messageIn(bound.expression.type) : undefined;
    if (passed === undefined) {
      this.#bound(bound);
      return;
    }
    this.#named(bound.expression);
    this.#fields.pass(passed);
  }
  #leaves(expression: Expression | undefined): void {
    if (expression !== undefined) this.#whole(expression.root);
  }

  #whole(node: Node): void {
    this.#node(node);
    this.#typeWhole(node.type);
  }
  #typeWhole(type: CelType): void {
    switch (type.kind) {
      case "message":
        this.#fields.whole(type.desc);
        return;
      case "list":
        this.#typeWhole(type.element);
        return;
      case "map":
        this.#typeWhole(type.value);
        return;
      case "optional":
      case "type":
        this.#typeWhole(type.of);
        return;
    }
  }
  #node(node: Node): void {
    const each = (parts: readonly Node[]): void => {
      // A value of dynamic type can be read in any way.
      for (const part of parts)
        if (isDynamic(node.type)) this.#whole(part);
        else this.#node(part);
    };
    switch (node.kind) {
      case "select":
        if (typeof node.field === "string") each([node.of]);
        else {
          this.#fields.add(node.field);
          this.#node(node.of);
        }
        return;
      case "extension":
        this.#whole(node.of);
        return;
      case "call":
        if (PASSED_ON.has(node.overload)) each(node.args);
        else for (const part of node.args) this.#whole(part);
        if (node.userFunction !== undefined) this.#typeWhole(node.type);
        return;
      case "list":
        each(node.elements);
        return;
      case "map":
        for (const [key, value] of node.entries) each([key, value]);
        return;
      case "macro":
        each([node.range, ...node.args]);
        return;
      case "message":
        this.#fields.whole(node.desc);
        for (const { value } of node.fields) this.#whole(value);
        return;
    }
  }
}

function isSame(conversion: Conversion): boolean {
  if (conversion.kind === "list" || conversion.kind === "map") return isSame(conversion.of);
  return conversion.kind === "same";
}
/** The message, or that of the items of a list or map. */
function messageIn(type: CelType): DescMessage | undefined {
  switch (type.kind) {
    case "message":
      return type.desc;
    case "list":
      return messageIn(type.element);
    case "map":
      return messageIn(type.value);
    default:
      return undefined;
  }
}

/** Functions that return their operands, or read only their number. */
const PASSED_ON: ReadonlySet<string> = new Set([
  "conditional",
  "index_list",
  "index_map",
  "optional_index",
  "size_list",
  "size_map",
  "in_map",
  "add_list",
  "optional_of",
  "optional_none",
  "optional_unwrap",
  "optional_has_value",
  "optional_value",
  "optional_or_value",
  "optional_or",
]);

function isDynamic(type: CelType): boolean {
  switch (type.kind) {
    case "dyn":
    case "param":
      return true;
    case "list":
      return isDynamic(type.element);
    case "map":
      return isDynamic(type.value);
    case "optional":
    case "type":
      return isDynamic(type.of);
    default:
      return false;
  }
}

// ---- requests ----

function setFields({ localBlocks, others, rpcs }: Projected): ProjectedFields {
  const fields = new ProjectedFields();
  for (const { output } of rpcs) fields.whole(output);
  for (const call of [...localBlocks, ...others].flatMap(callsIn)) {
    fields.some(call.method.input);
    if (call.request !== undefined) setWhole(call.request.expression.root, call.method.input, fields);
    for (const { path } of [...call.set, ...call.masks]) {
      for (const field of path) fields.add(field);
      const last = path.at(-1);
      if (last?.message !== undefined) fields.whole(last.message);
    }
    if (call.batch === undefined) continue;
    fields.add(call.batch.keys);
    if (call.batch.keys.message !== undefined) fields.whole(call.batch.keys.message);
  }
  return fields;
}

/** Adds the fields that a message literal sets; any other value adds the whole message. */
function setWhole(node: Node, desc: DescMessage, fields: ProjectedFields): void {
  if (node.kind !== "message" || node.desc !== desc) {
    fields.whole(desc);
    return;
  }
  for (const { field, value } of node.fields) {
    fields.add(field);
    if (field.message !== undefined) setWhole(value, field.message, fields);
  }
}
