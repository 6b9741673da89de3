import type { DescField } from "@bufbuild/protobuf";

/**
 * A JSON text that is no message of its type. The message names the field and what was expected. It never quotes the
 * text, whose values may be private.
 */
export class JsonError extends Error {
  readonly expected: string;
  /** The field of the outermost message; undefined for the text itself. */
  readonly field: DescField | undefined;

  /** @param path of the value, by the names of JSON: `items[3].price` */
  constructor(expected: string, path = "", field?: DescField) {
    super(path === "" ? expected : `${path}: ${expected}`);
    this.expected = expected;
    this.path = path;
    this.field = field;
  }
  readonly path: string;

  /** Returns the same error for the value around it. */
  within(step: string, field: DescField | undefined): JsonError {
    const { path } = this;
    const joined = path === "" || path.startsWith("[") ? step + path : `${step}.${path}`;
    return stackless(this.expected, joined, field ?? this.field);
  }
}

/** Returns an error without a stack, which is most of the cost. */
export function stackless(expected: string, path?: string, field?: DescField): JsonError {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  const error = new JsonError(expected, path, field);
  Error.stackTraceLimit = stackTraceLimit;
  return error;
}
