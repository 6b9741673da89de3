/** One path of an rpc, as google.api.http binds it; the template taken apart, which is done when code is generated. */
export interface RestRule {
  /** In capitals; `*`: any. */
  readonly method: string;
  /** Segments of the template: literals, percent-decoded, `*`, and `**`, which is the last. */
  readonly segments: readonly string[];
  /** Text behind the colon, percent-decoded. */
  readonly verb?: string | undefined;
  readonly variables?: readonly RestVariable[] | undefined;
  /** `*` or the name of a field of the request; undefined: there is no body. */
  readonly body?: string | undefined;
  /** The name of a field of the response; undefined: all of it. */
  readonly responseBody?: string | undefined;
}

/** Variable of a path template: the field of the request that it sets, and the segments that it takes. */
export interface RestVariable {
  /** A field of the request by its name, or by the names that lead to it: `book.name`. */
  readonly field: string;
  /** The segments that it takes, the end exclusive. */
  readonly from: number;
  readonly to: number;
}
