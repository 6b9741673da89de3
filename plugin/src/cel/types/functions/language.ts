import type { Overload } from "../model/type.ts";

/** Additions of an expression's language to CEL's core. */
export interface Language {
  /** `a.?b`, `a[?i]`, `[?x]`, `{?k: v}`, `Msg{?f: v}`. */
  readonly optionals: boolean;
  /** Order and equality between int, uint and double. */
  readonly mixedNumbers: boolean;
  /** True if a field of an enum accepts an int, and an int or a name can make an enum: `Status(1)`. */
  readonly openEnums: boolean;
  /** True if `type(Status.IDLE)` is the enum, as in cel-spec's part about strong enums, and not int. */
  readonly strongEnums: boolean;
  /** `cel.block`, `cel.index` and `cel.iterVar`, which optimizers write and people do not. */
  readonly blocks: boolean;
  /** Extensions of proto2: `proto.getExt(m, pkg.ext)`, `proto.hasExt` and quoted names. */
  readonly extensions: boolean;
  /**
   * True to reject certain failures, and to warn about conditions that never change. Such failures are a number out of
   * its field's range, a malformed timestamp, a double as a key, an index outside of a literal, and a division by zero.
   */
  readonly soundLiterals: boolean;
  /** True to check types and names. Otherwise a wrong type or an unknown name is an error at run time. */
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
