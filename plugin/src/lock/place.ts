// Where a change of an upstream hurts: the very name in the option that uses the element, and the errors that only follow.
import type { Diagnostic } from "../diagnostic/diagnostic.ts";
import type { Origin } from "../origin.ts";
import type { Option } from "./options.ts";

export interface Place {
  readonly at: Origin;
  readonly explains: readonly Diagnostic[];
  /** Whether the option means the element without naming it. */
  readonly implied: boolean;
}

/** Of an element that the run uses. `name` is its last part, as expressions write it. */
export function placeOfUse(name: string, at: Origin, option: Option | undefined, errors: readonly Diagnostic[]): Place {
  const [mentioned] = option === undefined ? [] : mentions(option, name).filter((place) => overlap(place, at));
  return { at: mentioned ?? at, explains: following(errors, [at]), implied: false };
}

/**
 * Of an element that is gone: where its name is not found. Options that only imply it (a spread; a value of the same name) give no
 * error, so they want it as long as they stand. Undefined: no option wants it any more.
 */
export function placeOfGone(
  name: string,
  options: readonly Option[],
  errors: readonly Diagnostic[],
): Place | undefined {
  for (const option of options) {
    const mentioned = mentions(option, name);
    const implied = mentioned.length === 0 && option.implies;
    const explains = followingIn(errors, option);
    const [error] = explains;
    if (implied) return { at: option.texts[0]?.at ?? option.at, explains, implied };
    if (error !== undefined && (mentioned.length > 0 || option.texts.length === 0))
      return { at: narrowed(error.at, mentioned), explains, implied };
  }
  return undefined;
}

/** Of an element that is there, in a part of the file that could not be resolved. Undefined: no option wants it any more. */
export function placeOfUnresolved(
  name: string,
  options: readonly Option[],
  errors: readonly Diagnostic[],
): Place | undefined {
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

/** Errors about names and types, which may follow from a change; not those of declarations, nor of what is decided later. */
const FOLLOWING = /^BFF[2346]/;
const following = (errors: readonly Diagnostic[], places: readonly Origin[]): readonly Diagnostic[] =>
  errors.filter(({ code, at }) => FOLLOWING.test(code) && places.some((place) => overlap(place, at)));
const followingIn = (errors: readonly Diagnostic[], { at, texts }: Option): readonly Diagnostic[] =>
  following(errors, [at, ...texts.map((text) => text.at)]);

const narrowed = (at: Origin, mentioned: readonly Origin[]): Origin =>
  mentioned.find((place) => overlap(place, at)) ?? at;

/** Where an option writes a name; selected fields and methods first, since a name alone may be anything. */
function mentions({ texts }: Option, name: string): readonly Origin[] {
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
