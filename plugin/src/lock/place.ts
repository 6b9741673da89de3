// Place of an upstream's change: the name in the option that uses the element, and the errors that only follow.
import type { Diagnostic, Origin } from "../diagnostic/diagnostic.ts";
import type { ProtoOption } from "./options.ts";

export interface ChangePlace {
  readonly at: Origin;
  readonly explains: readonly Diagnostic[];
  /** True if the option implies the element without naming it. */
  readonly implied: boolean;
}

/**
 * Returns the place of an element that the run uses. `name` is its last part, as expressions write it. The place
 * explains the errors of all options that used the element, since some no longer resolve.
 */
export function placeOfUse(
  name: string,
  { at, option }: { readonly at: Origin; readonly option: ProtoOption | undefined },
  options: readonly ProtoOption[],
  errors: readonly Diagnostic[],
): ChangePlace {
  const [mentioned] = option === undefined ? [] : mentions(option, name).filter((place) => overlap(place, at));
  const using = options.filter((other) => mayUse(other, name));
  const explains = new Set([...following(errors, [at]), ...using.flatMap((other) => followingIn(errors, other))]);
  return { at: mentioned ?? at, explains: [...explains], implied: false };
}

/** Returns true if an option names the element, or uses elements without naming them. */
const mayUse = (option: ProtoOption, name: string): boolean =>
  option.implies !== undefined || option.texts.length === 0 || mentions(option, name).length > 0;

/**
 * Returns the places of a removed element: everywhere that its name is not found. Without them, an option that implies
 * the element (`impliesTest`) is the place, because such an option causes no error. Empty: no option uses the element
 * any more.
 */
export function placesOfGone(
  name: string,
  options: readonly ProtoOption[],
  implying: ProtoOption | undefined,
  errors: readonly Diagnostic[],
): readonly ChangePlace[] {
  const places = options.flatMap((option) => placesIn(name, option, errors));
  if (places.length > 0 || implying === undefined) return places;
  return [placeOfImplied(implying, errors)];
}

/** Returns the place of an element that an option implies: the option itself. */
const placeOfImplied = (option: ProtoOption, errors: readonly Diagnostic[]): ChangePlace => ({
  at: option.texts[0]?.at ?? option.at,
  explains: followingIn(errors, option),
  implied: true,
});

/** The first place explains all errors of the option, since some may follow from it at other characters. */
function placesIn(name: string, option: ProtoOption, errors: readonly Diagnostic[]): readonly ChangePlace[] {
  const mentioned = mentions(option, name);
  const explains = followingIn(errors, option);
  const [first] = explains;
  if (first === undefined || (mentioned.length === 0 && (option.implies === "name" || option.texts.length > 0)))
    return [];
  const named = mentioned.filter((place) => explains.some(({ at }) => overlap(place, at)));
  return (named.length > 0 ? named : [first.at]).map((at, index) => ({
    at,
    implied: false,
    explains: index === 0 ? explains : [],
  }));
}

/**
 * Returns the place of an element that exists and that this run does not use: an option that implies it, or a part of
 * the file that could not be resolved. Undefined: no option uses it any more.
 */
export function placeOfUnresolved(
  name: string,
  options: readonly ProtoOption[],
  implying: ProtoOption | undefined,
  errors: readonly Diagnostic[],
): ChangePlace | undefined {
  if (errors.length === 0) return implying && placeOfImplied(implying, errors);
  const using = options
    .filter((option) => mayUse(option, name))
    .map((option) => ({ option, mentioned: mentions(option, name), errors: followingIn(errors, option) }));
  const isNamed = ({ mentioned }: (typeof using)[number]): boolean => mentioned.length > 0;
  const failed = using.filter((use) => use.errors.length > 0);
  const use = failed.find(isNamed) ?? failed[0] ?? using.find(isNamed) ?? using[0];
  if (use === undefined) return undefined;
  const explains = [...new Set(using.flatMap((other) => other.errors))];
  const [first] = use.mentioned;
  const [error] = use.errors;
  if (first === undefined) return { at: error?.at ?? placeOfImplied(use.option, []).at, explains, implied: true };
  return { at: error === undefined ? first : narrowed(error.at, use.mentioned), explains, implied: false };
}

/**
 * Codes of errors about names and types, which may follow from a change. Errors of declarations and of later stages do
 * not.
 */
const FOLLOWING = /^BFF[2346]/;
const following = (errors: readonly Diagnostic[], places: readonly Origin[]): readonly Diagnostic[] =>
  errors.filter(({ code, at }) => FOLLOWING.test(code) && places.some((place) => overlap(place, at)));
const followingIn = (errors: readonly Diagnostic[], { at, texts }: ProtoOption): readonly Diagnostic[] =>
  following(errors, [at, ...texts.map((text) => text.at)]);

const narrowed = (at: Origin, mentioned: readonly Origin[]): Origin =>
  mentioned.find((place) => overlap(place, at)) ?? at;

/** Returns the first place at which an option selects a name from a value. */
export const placeOfSelected = (option: ProtoOption, name: string): Origin | undefined =>
  allMentions(option, name).find(({ selected }) => selected)?.at;

/**
 * Returns the places of a name in an option. Selected fields and methods are first, because a bare name may be
 * anything.
 */
function mentions(option: ProtoOption, name: string): readonly Origin[] {
  const found = allMentions(option, name);
  return [...found.filter(({ selected }) => selected), ...found.filter(({ selected }) => !selected)].map(
    ({ at }) => at,
  );
}

function allMentions(
  { texts }: ProtoOption,
  name: string,
): readonly { readonly at: Origin; readonly selected: boolean }[] {
  const pattern = new RegExp(`(?<![A-Za-z0-9_])${name}(?![A-Za-z0-9_])`, "g");
  return texts.flatMap((text) =>
    [...text.value.matchAll(pattern)].map(({ index }) => ({
      at: text.place(index, index + name.length),
      selected: /[./]/.test(text.value.charAt(index - 1)),
    })),
  );
}

function overlap(a: Origin, b: Origin): boolean {
  const before = (line: number, column: number, { endLine, endColumn }: Origin): boolean =>
    line < endLine || (line === endLine && column < endColumn);
  return a.file === b.file && before(a.line, a.column, b) && before(b.line, b.column, a);
}
