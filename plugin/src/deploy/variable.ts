/** One variable of the environment. */
export interface Variable {
  readonly name: string;
  /** Its meaning: one line, for a comment. */
  readonly about: string;
  /** The value of an unset variable. */
  readonly default?: string | undefined;
  /** Manifests name the default in a comment, in place of setting it. */
  readonly offered?: boolean | undefined;
  /** Without it the server does not start. */
  readonly required?: boolean | undefined;
  /** `secret`: its value is for nobody's eyes. `file`: the path of one; `secret file`: of one with a secret in it. */
  readonly kind?: "secret" | "file" | "secret file" | undefined;
  /** Set to the empty text it counts as set. */
  readonly emptyCounts?: boolean | undefined;
  /** What manifests say in place of the default, or of nothing, and why. */
  readonly here?: { readonly value: string; readonly why: string } | undefined;
  /** What it would be set to, where nothing is. */
  readonly example?: string | undefined;
}
