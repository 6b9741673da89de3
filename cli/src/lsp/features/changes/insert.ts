// Edits that add an entry, an option or a statement.
import { typedPath } from "../../options/typed-path.ts";
import { cursorAt, elementsAt } from "../../syntax/cursor.ts";
import type { Change, Site } from "./change.ts";
import { optionAround, stretchOf } from "./entries.ts";

const inserted = (at: number, text: string): Change => ({ from: at, to: at, text });

/**
 * Adds an entry `key: value` to the message value at the place, or to the one around it if the place has no such key. An
 * entry of that key is replaced.
 */
export function added(site: Site, text: string): Change | undefined {
  const found = optionAround(site);
  if (found === undefined) return undefined;
  const { entries, option } = found;
  const last = entries.at(-1);
  const value = last === undefined ? option.value : (last.item ?? last.field.value);
  const [key = ""] = /^\w+/.exec(text) ?? [];
  const isInside = value?.kind === "message" && value.from === site.from && value.to === site.to && hasKey(site, key);
  const message = isInside ? value : last?.around;
  if (message === undefined || !message.closed) return undefined;
  const same = message.fields.find((field) => field.key.text === key);
  if (same !== undefined) return { ...stretchOf(same), text };
  const end = message.fields.at(-1);
  return end === undefined ? { ...message, text: `{ ${text} }` } : inserted(stretchOf(end).to, ` ${text}`);
}

/** Reports whether the message value at the place may have the key. */
function hasKey({ file, from, registry }: Site, key: string): boolean {
  const cursor = cursorAt(file.parsed, from + 1);
  const message = cursor && typedPath(cursor, registry, file.parsed.package)?.message;
  return message?.fields.some(({ name }) => name === key) === true;
}

/** Adds a key to the step around the place, behind its name. */
export function addedToStep({ file, from }: Site, text: string): Change | undefined {
  const steps = cursorAt(file.parsed, from + 1)?.path ?? [];
  const position = steps.findLastIndex(({ key }) => key === "let");
  const step = steps[position + 1]?.around;
  const name = step?.fields.find(({ key }) => key.text === "name")?.value;
  return name === undefined || position === -1 ? undefined : inserted(name.to, ` ${text}`);
}

/** Adds an option in brackets to the field at the place. */
export function addedOption({ file, from }: Site, option: string): Change | undefined {
  const element = elementsAt(file.parsed, from).at(-1);
  if (element?.kind !== "field") return undefined;
  const declared = file.document.getText().slice(element.from, element.to);
  const end = element.from + declared.replace(/;$/, "").trimEnd().length;
  return element.options.length > 0 ? inserted(end - 1, `, ${option.slice(1, -1)}`) : inserted(end, ` ${option}`);
}

/** Adds an option statement to the declaration at the place. */
export function addedStatement({ file, from, to }: Site, statement: string): Change | undefined {
  const element = elementsAt(file.parsed, from).at(-1);
  const name = element?.nameToken;
  if (element === undefined || name === undefined || name.from !== from || name.to !== to) return undefined;
  const declared = file.document.getText().slice(name.to, element.to);
  const brace = declared.indexOf("{");
  if (brace !== -1) return inserted(name.to + brace + 1, `\n  ${statement}\n`);
  return element.kind === "rpc" ? { from: element.to - 1, to: element.to, text: ` { ${statement} }` } : undefined;
}

/** Adds an import behind the last one, or else behind the package. */
export function addedImport({ file }: Site, statement: string): Change | undefined {
  const text = file.document.getText();
  const last = [...text.matchAll(/^(?:import|package)\s[^;]*;/gm)].at(-1);
  return last && inserted(last.index + last[0].length, `\n${statement}`);
}
