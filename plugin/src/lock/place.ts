// Place of an upstream's change: the name in the option that uses the element, and the errors that only follow.
import type { Diagnostic } from "../diagnostic/diagnostic.ts";
import type { Origin } from "../diagnostic/origin.ts";
import type { ProtoOption } from "./options.ts";

export interface ChangePlace {
  readonly at: Origin;
  readonly explains: readonly Diagnostic[];
  /** True if the option implies the element without naming it. */
  readonly implied: boolean;
}

/** Returns the place of an element that the run uses. `name` is its last part, as expressions write it. */
export function placeOfUse(
  name: string,
  at: Origin,
  option: ProtoOption | undefined,
  errors: readonly Diagnostic[],
): ChangePlace {
  const [mentioned] = option === undefined ? [] : mentions(option, name).filter((place) => overlap(place, at));
  return { at: mentioned ?? at, explains: following(errors, [at]), implied: false };
}

/**
 * Returns the places of a removed element: everywhere that its name is not found. Options that only imply the element
 * (a spread; a value of the same name) cause no error. The first of them is the place if there is no other. Empty: no
 * option uses the element any more.
 */
export function placesOfGone(
  name: string,
  options: readonly ProtoOption[],
  errors: readonly Diagnostic[],
): readonly ChangePlace[] {
  const found = options.map((option) => ({ option, ...placesIn(name, option, errors) }));
  const places = found.flatMap(({ places }) => places);
  const implying = found.find(({ option, mentioned }) => mentioned.length === 0 && option.implies);
  if (places.length > 0 || implying === undefined) return places;
  const { option } = implying;
  return [{ at: option.texts[0]?.at ?? option.at, explains: followingIn(errors, option), implied: true }];
}

/** The first place explains all errors of the option, since some may follow from it at other characters. */
function placesIn(name: string, option: ProtoOption, errors: readonly Diagnostic[]) {
  const mentioned = mentions(option, name);
  const explains = followingIn(errors, option);
  const [first] = explains;
  if (first === undefined || (mentioned.length === 0 && (option.implies || option.texts.length > 0)))
    return { mentioned, places: [] };
  const named = mentioned.filter((place) => explains.some(({ at }) => overlap(place, at)));
  const places = (named.length > 0 ? named : [first.at]).map(
    (at, index): ChangePlace => ({
      at,
      implied: false,
      explains: index === 0 ? explains : [],
    }),
  );
  return { mentioned, places };
}

/**
 * Returns the place of an element that exists, in a part of the file that could not be resolved. Undefined: no option
 * uses it any more.
 */
export function placeOfUnresolved(
  name: string,
  options: readonly ProtoOption[],
  errors: readonly Diagnostic[],
): ChangePlace | undefined {
  if (errors.length === 0) return undefined;
  for (const option of options) {
    const mentioned = mentions(option, name);
    const explains = followingIn(errors, option);
    const [first] = mentioned;
    const [error] = explains;
    if (first !== undefined)
      return { at: error === undefined ? first : narrowed(error.at, mentioned), explains, implied: false };
    if (option.implies || option.texts.length === 0)
      return { at: error?.at ?? option.texts[0]?.at ?? option.at, explains, implied: true };
  }
  return undefined;
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

/**
 * Returns the places of a name in an option. Selected fields and methods are first, because a bare name may be
 * anything.
 */
function mentions({ texts }: ProtoOption, name: string): readonly Origin[] {
  const pattern = new RegExp(`(?<![A-Za-z0-9_])${name}(?![A-Za-z0-9_])`, "g");
  const found = texts.flatMap((text) =>
    [...text.value.matchAll(pattern)].map(({ index }) => ({
      at: text.place(index, index + name.length),
      selected: /[./]/.test(text.value.charAt(index - 1)),
    })),
  );
  return [...found.filter(({ selected }) => selected), ...found.filter(({ selected }) => !selected)].map(
    ({ at }) => at,
  );
}

function overlap(a: Origin, b: Origin): boolean {
  const before = (line: number, column: number, { endLine, endColumn }: Origin): boolean =>
    line < endLine || (line === endLine && column < endColumn);
  return a.file === b.file && before(a.line, a.column, b) && before(b.line, b.column, a);
}
