import type { Overload } from "../model/type.ts";

/** What the language of an expression has beyond CEL's core. */
export interface Language {
  /** `a.?b`, `a[?i]`, `[?x]`, `{?k: v}`, `Msg{?f: v}`. */
  readonly optionals: boolean;
  /** Order and equality between int, uint and double. */
  readonly mixedNumbers: boolean;
  /** Whether an int may be given to a field of an enum, and an enum be made of an int or a name: `Status(1)`. */
  readonly openEnums: boolean;
  /** Whether `type(Status.IDLE)` is the enum, as in the part of cel-spec about strong enums, and not int. */
  readonly strongEnums: boolean;
  /** `cel.block`, `cel.index` and `cel.iterVar`, which optimizers write and people do not. */
  readonly blocks: boolean;
  /** Extensions of proto2: `proto.getExt(m, pkg.ext)`, `proto.hasExt` and quoted names. */
  readonly extensions: boolean;
  /**
   * Whether what is sure to fail is refused: a number that its field does not hold, a malformed timestamp, a double as a key, an index out of a
   * literal, a division by zero. And whether conditions that never change get a warning.
   */
  readonly soundLiterals: boolean;
  /** Without the checker whatever is of the wrong type or unknown is an error at run time. */
  readonly checked: boolean;
  /** Functions declared beside those of the language: by the user, by the cases of a test. */
  readonly functions: readonly Overload[];
}

/** The language of language.md. */
export const LANGUAGE: Language = {
  optionals: true,
  mixedNumbers: true,
  openEnums: false,
  strongEnums: false,
  blocks: false,
  extensions: false,
  soundLiterals: true,
  checked: true,
  functions: [],
};
