// Edits that remove an entry or an option.
import type { Field, Stretch } from "protoc-gen-bff/internal/language";
import type { Change, Site } from "./change.ts";
import { type OptionEntries, optionAround, stretchOf } from "./entries.ts";

/** Removes what the place is: an item of a list, a key with its value, or the option. */
export function removed(site: Site): Change | undefined {
  const found = optionAround(site);
  if (found === undefined) return undefined;
  const { entries } = found;
  const entry = entries.at(-1);
  if (entry === undefined) return withoutOption(site, found);
  const { field, item } = entry;
  const isWhole = (stretch: Stretch | undefined): boolean => stretch?.from === site.from && stretch.to === site.to;
  if (item !== undefined && isWhole(item)) return withoutMessage(site, found, entries.length - 1);
  // A part of an expression has no entry.
  if (![stretchOf(field), field.value, field.key].some(isWhole)) return undefined;
  const depth = entries.length - 2;
  return standsForAll(found, field) ? withoutMessage(site, found, depth) : withoutField(site, found, field, depth);
}

/** Removes the entry of that key: beside the place or in it, or else farther out. */
export function removedKey(site: Site, key: string): Change | undefined {
  const found = optionAround(site);
  if (found === undefined) return undefined;
  const { entries, option } = found;
  for (let depth = entries.length - 1; depth >= -1; depth--) {
    const field = fieldsAt(found, depth).find((candidate) => candidate.key.text === key);
    if (field !== undefined) return withoutField(site, found, field, depth);
  }
  return option.path.at(-1)?.text === key ? withoutOption(site, found) : undefined;
}

/** Reports whether a diagnostic at this key is about the message around it: a step by its name, a value by its expression. */
function standsForAll({ entries, option }: OptionEntries, { key }: Field): boolean {
  const outer = entries.at(-2)?.field.key ?? option.path.at(-1);
  if (key.text === "if") return outer?.text === "case";
  return outer !== undefined && (key.text === "name" || (key.text === "by" && outer.text !== "let"));
}

/** Returns the fields of the value of an entry; -1 is the option. */
function fieldsAt({ entries, option }: OptionEntries, depth: number): readonly Field[] {
  const entry = entries[depth];
  const value = entry === undefined ? option.value : (entry.item ?? entry.field.value);
  return value?.kind === "message" ? value.fields : [];
}

/** Removes a field of the message at a depth, or the message if it has no other. */
function withoutField(site: Site, found: OptionEntries, field: Field, depth: number): Change {
  return fieldsAt(found, depth).length > 1 ? without(site, stretchOf(field)) : withoutMessage(site, found, depth);
}

/** Removes the value of an entry: an item of its list, or the entry. */
function withoutMessage(site: Site, found: OptionEntries, depth: number): Change {
  const entry = found.entries[depth];
  if (entry === undefined) return withoutOption(site, found);
  const { field, item } = entry;
  const isOneOfMany = field.value?.kind === "list" && field.value.items.length > 1;
  return item !== undefined && isOneOfMany ? without(site, item) : withoutField(site, found, field, depth - 1);
}

/** Removes a stretch of a message or list value with the comma behind it, or else the comma before it. */
function without({ file }: Site, { from, to }: Stretch): Change {
  const text = file.document.getText();
  const behind = /^\s*[,;]\s*|^[ \t]+(?=[^\s\]}>])/.exec(text.slice(to))?.[0].length ?? 0;
  if (behind > 0) return { from, to: to + behind, text: "" };
  return { from: from - (/[,;]?\s*$/.exec(text.slice(0, from))?.[0].length ?? 0), to, text: "" };
}

/** Removes an option: a statement, or one of those in brackets. */
function withoutOption(site: Site, { element, option }: OptionEntries): Change {
  const text = site.file.document.getText();
  const isStatement = element.kind !== "field" && element.kind !== "enum_value";
  if (!isStatement && element.options.length > 1) return without(site, option);
  const [before, behind] = isStatement ? [/\s*\boption\s+$/, /^\s*;/] : [/\s*\[\s*$/, /^\s*\]/];
  const lengthOf = (pattern: RegExp, part: string): number => pattern.exec(part)?.[0].length ?? 0;
  const from = option.from - lengthOf(before, text.slice(0, option.from));
  const others = element.options.filter(({ extension }) => extension === option.extension);
  if (element.kind === "service" && others.length === 1) return withoutRules(option);
  return { from, to: option.to + lengthOf(behind, text.slice(option.to)), text: "" };
}

/** Removes what the only option of a service sets. Without the option the service would not be a BFF. */
function withoutRules({ path: [first], value, to }: OptionEntries["option"]): Change {
  return first === undefined
    ? { from: value?.from ?? to, to, text: "{}" }
    : { from: first.from - 1, to, text: " = {}" };
}
