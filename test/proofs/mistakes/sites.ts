// The entries of protobff's options in a proto, each with the descriptor of its field.
import type { DescField, DescMessage, Registry } from "@bufbuild/protobuf";
import {
  type Declaration,
  elementsOf,
  type OptionStatement,
  type Parsed,
  parseProto,
  type Stretch,
  type WrittenValue,
} from "../../../plugin/src/language.ts";

/** One value of an option's field: `key: value`, an item of a list, or the statement of an option. */
export interface Site extends Stretch {
  readonly desc: DescField;
  /** "bff.v1.Call.timeout" */
  readonly field: string;
  /** The value alone. */
  readonly value: WrittenValue;
  readonly form: "entry" | "item" | "statement";
  /** The message values that contain it, outermost first. */
  readonly around: readonly MessageSite[];
  readonly element: Declaration;
}

/** A message value of an option. */
export interface MessageSite {
  readonly type: DescMessage;
  readonly value: WrittenValue & { readonly kind: "message" };
}

/** Returns all entries of protobff's options, outer ones before those in them. */
export function sitesOf(text: string, registry: Registry): readonly Site[] {
  const parsed = parseProto(text);
  return [...elementsOf(parsed.file)].flatMap((element) =>
    element.options.flatMap((option) => [...sitesIn(option, element, registry, parsed)]),
  );
}

function* sitesIn(option: OptionStatement, element: Declaration, registry: Registry, parsed: Parsed): Generator<Site> {
  const rule = ruleOf(option.extension, parsed.package, registry);
  if (rule === undefined || option.value === undefined) return;
  let message: DescMessage | undefined = rule;
  let desc: DescField | undefined;
  for (const { text } of option.path) {
    desc = message?.fields.find(({ name }) => name === text);
    message = desc?.message;
  }
  if (desc !== undefined) yield* valuesIn(option, option.value, { desc, form: "statement", around: [], element });
  else if (option.path.length === 0) yield* fieldsIn(option.value, rule, [], element);
}

type Context = Pick<Site, "desc" | "form" | "around" | "element">;

function* valuesIn(stretch: Stretch, value: WrittenValue, context: Context): Generator<Site> {
  const { desc, around, element } = context;
  const field = `${desc.parent.typeName}.${desc.name}`;
  if (value.kind === "list") {
    for (const item of value.items) yield* valuesIn(item, item, { ...context, form: "item" });
    return;
  }
  yield { ...context, from: stretch.from, to: stretch.to, field, value };
  if (desc.message !== undefined) yield* fieldsIn(value, desc.message, around, element);
}

function* fieldsIn(
  value: WrittenValue,
  type: DescMessage,
  outer: readonly MessageSite[],
  element: Declaration,
): Generator<Site> {
  if (value.kind !== "message") return;
  const around = [...outer, { type, value }];
  for (const { key, value: of } of value.fields) {
    const desc = type.fields.find(({ name }) => name === key.text);
    if (desc === undefined || of === undefined) continue;
    yield* valuesIn({ from: key.from, to: of.to }, of, { desc, form: "entry", around, element });
  }
}

function ruleOf(extension: string, container: string, registry: Registry): DescMessage | undefined {
  for (const name of [extension, `bff.v1.${extension}`, `${container}.${extension}`]) {
    const found = registry.getExtension(name)?.message;
    if (found?.typeName.startsWith("bff.v1.") === true) return found;
  }
  return undefined;
}

/** Returns the full names of all fields of protobff's options. */
export function optionFields(registry: Registry): readonly string[] {
  const found = new Set<string>();
  const add = (message: DescMessage): void => {
    for (const field of message.fields) {
      const name = `${message.typeName}.${field.name}`;
      if (found.has(name)) continue;
      found.add(name);
      if (field.message !== undefined) add(field.message);
    }
  };
  for (const type of registry)
    if (type.kind === "extension" && type.message?.typeName.startsWith("bff.v1.") === true) add(type.message);
  return [...found];
}
