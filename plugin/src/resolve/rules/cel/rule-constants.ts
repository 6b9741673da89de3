// `rule` and `rules` in a predefined rule: the settings by the author of a field. They are known when code is
// generated, so that literals replace them in the expression.
import {
  create,
  type DescExtension,
  type DescField,
  type DescMessage,
  isFieldSet,
  type Message,
  toJson,
} from "@bufbuild/protobuf";
import { DurationSchema, TimestampSchema } from "@bufbuild/protobuf/wkt";
import { type CelType, fieldType, type Node, type Variable } from "../../../cel/index.ts";

/** Variables of a predefined rule besides `this`. */
export interface RuleConstants {
  /** The extension with `(buf.validate.predefined)`, and its value. */
  readonly extension: DescExtension | DescField;
  readonly value: unknown;
  /** The message that it extends, such as `buf.validate.StringRules`, and the rules of the field. */
  readonly desc: DescMessage;
  readonly rules: Message;
}

/** Returns the type of a literal that replaces a field: CEL's own type, without nullable parts. */
export function constantType(field: DescField | DescExtension): CelType {
  return plain(fieldType(field).type);
}

function plain(type: CelType): CelType {
  if (type.kind === "wrapper") return type.of;
  if (type.kind === "int") return { kind: "int" };
  return type.kind === "list" ? { kind: "list", element: plain(type.element) } : type;
}

/**
 * Returns a node with constants in place of the variables. Undefined if it reads a value that no literal can replace.
 */
export function withConstants(
  node: Node,
  variables: { readonly rule: Variable; readonly rules: Variable },
  constants: RuleConstants,
): Node | undefined {
  const replace = (part: Node): Node | undefined => {
    if (part.kind === "name" && part.variable === variables.rule)
      return literal(constants.value, constants.extension, part);
    if (part.kind === "name" && part.variable === variables.rules) return undefined;
    if (part.kind === "select" && part.of.kind === "name" && part.of.variable === variables.rules) {
      if (typeof part.field === "string") return undefined;
      if (part.test) return constant(isFieldSet(constants.rules, part.field), part);
      return literal(heldBy(constants.rules, part.field), part.field, part);
    }
    const field = gotten(part, variables.rules, constants.desc);
    if (field !== undefined) return literal(heldBy(constants.rules, field), field, part);
    return mapNode(part, replace);
  };
  return replace(node);
}

/** Replaces `getField(x, "in")` by the selection of a field whose name cannot follow a dot. */
export function withFields(node: Node): Node {
  const replace = (part: Node): Node => {
    const inner = mapNode(part, replace) ?? part;
    if (inner.kind !== "call" || inner.fn !== "getField") return inner;
    const [of, name] = inner.args;
    if (of === undefined || name?.kind !== "constant" || typeof name.value !== "string") return inner;
    const { type, proto, at, fails } = inner;
    const dyn: Node = { ...of, kind: "call", fn: "dyn", overload: "to_dyn", args: [of], type: { kind: "dyn" } };
    return { kind: "select", of: dyn, field: name.value, test: false, type, proto, at, fails };
  };
  return replace(node);
}

/** Returns the field that `getField(rules, "const")` names, whose name is a keyword of CEL. */
function gotten(node: Node, rules: Variable, desc: DescMessage): DescField | undefined {
  if (node.kind !== "call" || node.fn !== "getField") return undefined;
  const [of, name] = node.args;
  if (of?.kind !== "name" || of.variable !== rules || name?.kind !== "constant") return undefined;
  return desc.fields.find((field) => field.name === name.value);
}

/** The value of a field as protobuf-es has it, without its oneof. */
function heldBy(message: Message, field: DescField): unknown {
  const held: unknown = Object.entries(message).find(([name]) => name === (field.oneof ?? field).localName)?.[1];
  if (field.oneof === undefined) return held;
  const isSet = typeof held === "object" && held !== null && "case" in held && held.case === field.localName;
  return isSet && "value" in held ? held.value : undefined;
}

function constant(value: (Node & { kind: "constant" })["value"], as: Node): Node {
  return { kind: "constant", value, type: as.type, proto: undefined, fails: false, at: as.at };
}

function literal(value: unknown, field: DescField | DescExtension, as: Node): Node | undefined {
  const { type } = fieldType(field);
  if (type.kind !== "list") return single(value, plain(type), field.message, as);
  const elements = Array.isArray(value) ? value : [];
  const element = plain(type.element);
  const nodes = elements.map((item) => single(item, element, field.message, { ...as, type: element }));
  const known = nodes.filter((node) => node !== undefined);
  if (known.length !== nodes.length) return undefined;
  return { kind: "list", elements: known, type: { kind: "list", element }, proto: undefined, fails: false, at: as.at };
}

function single(raw: unknown, type: CelType, message: DescMessage | undefined, as: Node): Node | undefined {
  const at: Node = { ...as, type };
  const value = type.kind !== "message" && message !== undefined ? inWrapper(raw) : raw;
  switch (type.kind) {
    case "int":
    case "uint":
      return constant(BigInt(typeof value === "bigint" || typeof value === "number" ? value : 0), at);
    case "double":
      return constant(typeof value === "number" ? value : 0, at);
    case "string":
      return constant(typeof value === "string" ? value : "", at);
    case "bool":
      return constant(value === true, at);
    case "bytes":
      return constant(value instanceof Uint8Array ? value : new Uint8Array(), at);
    case "message":
      return time(value, message, at);
    default:
      return undefined;
  }
}

/**
 * Returns the content of a wrapper. protobuf-es stores wrappers in fields as their content, and other wrappers as
 * messages.
 */
function inWrapper(raw: unknown): unknown {
  return typeof raw === "object" && raw !== null && "value" in raw ? raw.value : raw;
}

/** A timestamp or a duration. */
function time(value: unknown, desc: DescMessage | undefined, as: Node): Node | undefined {
  const entries = typeof value === "object" && value !== null ? Object.entries(value) : [];
  const part = (name: string): unknown => entries.find(([key]) => key === name)?.[1];
  const [whole, rest] = [part("seconds"), part("nanos")];
  const seconds = typeof whole === "bigint" ? whole : 0n;
  const nanos = typeof rest === "number" ? rest : 0;
  const isDuration = desc?.typeName === DurationSchema.typeName;
  if (!isDuration && desc?.typeName !== TimestampSchema.typeName) return undefined;
  const text = isDuration
    ? toJson(DurationSchema, create(DurationSchema, { seconds, nanos }))
    : toJson(TimestampSchema, create(TimestampSchema, { seconds, nanos }));
  const fn = isDuration ? "duration" : "timestamp";
  const of: Node = constant(text, { ...as, type: { kind: "string" } });
  return { ...of, kind: "call", fn, overload: `string_to_${fn}`, args: [of], type: as.type };
}

type Replace = (node: Node) => Node | undefined;

function mapAll(nodes: readonly Node[], replace: Replace): readonly Node[] | undefined {
  const found = nodes.map(replace).filter((node) => node !== undefined);
  return found.length === nodes.length ? found : undefined;
}

function mapNode(node: Node, replace: Replace): Node | undefined {
  switch (node.kind) {
    case "select":
    case "extension": {
      const of = replace(node.of);
      return of && { ...node, of };
    }
    case "call": {
      const args = mapAll(node.args, replace);
      return args && { ...node, args };
    }
    case "list": {
      const elements = mapAll(node.elements, replace);
      return elements && { ...node, elements };
    }
    case "map": {
      const keys = mapAll(
        node.entries.map(([key]) => key),
        replace,
      );
      const values = mapAll(
        node.entries.map(([, value]) => value),
        replace,
      );
      if (keys === undefined || values === undefined) return undefined;
      const entries = node.entries.map(([key, value], i) => [keys[i] ?? key, values[i] ?? value] as const);
      return { ...node, entries };
    }
    case "message": {
      const values = mapAll(
        node.fields.map(({ value }) => value),
        replace,
      );
      return (
        values && { ...node, fields: node.fields.map((field, i) => ({ ...field, value: values[i] ?? field.value })) }
      );
    }
    case "macro": {
      const range = replace(node.range);
      const args = mapAll(node.args, replace);
      return range && args && { ...node, range, args };
    }
    default:
      return node;
  }
}
