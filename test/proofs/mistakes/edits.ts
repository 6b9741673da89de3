// Edits of one option in a valid BFF, as an author's slip makes them. They keep the number of lines.
import { ScalarType } from "@bufbuild/protobuf";
import { pick } from "../fuzz/random.ts";
import type { Site } from "./sites.ts";

export interface Edit {
  readonly what: string;
  readonly field: string;
  /** The replaced stretches of the text, from the first to the last. */
  readonly changes: readonly { readonly from: number; readonly to: number; readonly text: string }[];
  /** The edited site, then a second one of a swap or a move. */
  readonly sites: readonly Site[];
}

interface Place {
  readonly text: string;
  readonly site: Site;
  readonly all: readonly Site[];
  readonly random: () => number;
}
type Kind = (place: Place) => (Pick<Edit, "changes"> & Partial<Pick<Edit, "sites">>) | undefined;

const KINDS: Readonly<Record<string, Kind>> = {
  delete: ({ text, site }) => ({ changes: [without(text, site)] }),
  duplicate: ({ text, site }) => {
    if (site.desc.fieldKind !== "list" || site.form === "statement") return undefined;
    const copy = text.slice(site.from, site.to).replace(/\s*\n\s*/g, " ");
    return { changes: [{ from: site.to, to: site.to, text: `${site.form === "item" ? "," : ""} ${copy}` }] };
  },
  move: ({ text, site, all, random }) => {
    const home = site.around.at(-1);
    if (home === undefined || site.form !== "entry") return undefined;
    const others = all.flatMap(({ value, desc, around }) =>
      value.kind === "message" && desc.message?.typeName === home.type.typeName && value !== home.value
        ? [{ value, around }]
        : [],
    );
    const free = others.filter(
      ({ value }) =>
        (value.to <= site.from || site.to <= value.from) &&
        (site.desc.fieldKind === "list" || value.fields.every(({ key }) => key.text !== site.desc.name)),
    );
    const target = pick(free, random)?.value;
    if (target === undefined) return undefined;
    const at = target.from + 1;
    const moved = all.find(({ value }) => value === target);
    const entry = ` ${text.slice(site.from, site.to).replace(/\s*\n\s*/g, " ")} `;
    return { changes: [without(text, site), { from: at, to: at, text: entry }], sites: moved ? [site, moved] : [site] };
  },
  swap: ({ text, site, all, random }) => {
    const alike = all.filter(
      (other) =>
        other.field === site.field &&
        (other.value.to <= site.value.from || site.value.to <= other.value.from) &&
        textIn(text, other) !== textIn(text, site),
    );
    const other = pick(alike, random);
    if (other === undefined) return undefined;
    const change = (to: Site, by: Site) => ({
      from: to.value.from,
      to: to.value.to,
      text: sameLines(text, to, textIn(text, by)),
    });
    return { changes: [change(site, other), change(other, site)], sites: [site, other] };
  },
  typo: ({ text, site, random }) => {
    if (site.value.kind !== "string") return undefined;
    const words = [...textIn(text, site).matchAll(/[A-Za-z_]{3,}/g)];
    const word = pick(words, random);
    if (word === undefined) return undefined;
    const at = site.value.from + word.index + 1 + Math.floor(random() * (word[0].length - 1));
    return { changes: [{ from: at, to: at + 1, text: pick(["", "x", "_"], random) ?? "" }] };
  },
  empty: ({ site }) => (site.value.kind === "string" ? valued(site, '""') : undefined),
  name: ({ text, site, all, random }) => {
    if (site.value.kind !== "string") return undefined;
    const names = all.filter(({ desc, value }) => /^(name|var)$/.test(desc.name) && value.kind === "string");
    const others = all.filter(({ field, value }) => field === site.field && value.kind === "string");
    const other = pick(random() < 0.5 && others.length > 1 ? others : names, random);
    return other && valued(site, textIn(text, other).replace(/\n\s*/g, " "));
  },
  duration: ({ text, site, random }) =>
    /^"\d+(ms|s|m|h|d)"$/.test(textIn(text, site))
      ? valued(site, pick(['"0s"', '"1ms"', '"100000d"', '"5"', '"-1s"'], random) ?? '"0s"')
      : undefined,
  number: ({ site, random }) => {
    const numbers = site.desc.scalar === undefined ? undefined : NUMBERS.get(site.desc.scalar);
    return numbers && valued(site, pick(numbers, random) ?? "0");
  },
  flip: ({ text, site }) =>
    site.desc.scalar === ScalarType.BOOL ? valued(site, textIn(text, site) === "true" ? "false" : "true") : undefined,
  enum: ({ site, random }) => {
    const value = pick(site.desc.enum?.values ?? [], random);
    return value && valued(site, value.name);
  },
  hollow: ({ text, site }) =>
    site.value.kind === "message" && site.value.fields.length > 0
      ? valued(site, `{${textIn(text, site).replace(/[^\n]/g, "")}}`)
      : undefined,
};

const INTEGERS = ["0", "1", "2147483647"];
const NUMBERS: ReadonlyMap<ScalarType, readonly string[]> = new Map([
  [ScalarType.UINT32, [...INTEGERS, "4294967295"]],
  [ScalarType.INT32, [...INTEGERS, "-1"]],
  [ScalarType.INT64, [...INTEGERS, "-1", "9223372036854775807"]],
  [ScalarType.UINT64, [...INTEGERS, "18446744073709551615"]],
  [ScalarType.DOUBLE, ["0", "-1", "1e300", "nan", "inf", "0.001"]],
  [ScalarType.FLOAT, ["0", "-1", "1e30", "nan", "inf", "0.001"]],
]);

/** Returns a random edit of a site; undefined if the drawn kind does not fit or changes nothing. */
export function editOf(text: string, site: Site, all: readonly Site[], random: () => number): Edit | undefined {
  const [what, kind] = pick(Object.entries(KINDS), random) ?? [];
  const made = what === undefined ? undefined : kind?.({ text, site, all, random });
  if (what === undefined || made === undefined) return undefined;
  const edit = { what, field: site.field, sites: [site], ...made };
  return applied(text, edit.changes) === text ? undefined : edit;
}

/** Returns the text after changes that do not overlap. */
export function applied(text: string, changes: Edit["changes"]): string {
  return [...changes]
    .sort((a, b) => b.from - a.from)
    .reduce((so, { from, to, text: by }) => so.slice(0, from) + by + so.slice(to), text);
}

const textIn = (text: string, { value }: Site): string => text.slice(value.from, value.to);
const valued = ({ value }: Site, by: string): Pick<Edit, "changes"> => ({
  changes: [{ from: value.from, to: value.to, text: by }],
});
const linesOf = (text: string): string => text.replace(/[^\n]/g, "");

/** A value in one line, with the line breaks of the value that it replaces behind it. */
const sameLines = (text: string, site: Site, by: string): string =>
  by.replace(/\s*\n\s*/g, " ") + linesOf(textIn(text, site));

/** Removes an entry, an item with a comma, or an option with all that belongs to it. */
function without(text: string, site: Site): Edit["changes"][number] {
  let { from, to } = site;
  const grow = (before: RegExp, behind: RegExp): void => {
    from -= before.exec(text.slice(0, from))?.[0].length ?? 0;
    to += behind.exec(text.slice(to))?.[0].length ?? 0;
  };
  if (site.form === "statement") {
    if (site.element.kind !== "field" && site.element.kind !== "enum_value") grow(/\boption\s+$/, /^\s*;/);
    else if (site.element.options.length === 1) grow(/\[\s*$/, /^\s*\]/);
    else if (/^\s*,/.test(text.slice(to))) grow(/$/, /^\s*,/);
    else grow(/,\s*$/, /^/);
  } else if (/^\s*[,;]/.test(text.slice(to))) grow(/$/, /^\s*[,;]/);
  else grow(/,\s*$/, /^/);
  return { from, to, text: linesOf(text.slice(from, to)) };
}
