/** One variable of the environment. */
export interface DeployVariable {
  readonly name: string;
  /** Its meaning: one line, for a comment. */
  readonly about: string;
  /** The value of an unset variable. */
  readonly default?: string | undefined;
  /** Manifests name the default in a comment, in place of setting it. */
  readonly offered?: boolean | undefined;
  /** A replaced variable, which servers read until 1.0: manifests leave it out. */
  readonly old?: boolean | undefined;
  /** Without it the server does not start. */
  readonly required?: boolean | undefined;
  /**
   * `secret`: a confidential value. `file`: the path of a file; `secret file`: the path of a file that contains a
   * secret.
   */
  readonly kind?: "secret" | "file" | "secret file" | undefined;
  /** Set to the empty text it counts as set. */
  readonly emptyCounts?: boolean | undefined;
  /** Value in manifests, in place of the default or of none, and the reason. */
  readonly here?: { readonly value: string; readonly why: string } | undefined;
  /** Example of a value, if no value is set. */
  readonly example?: string | undefined;
}
