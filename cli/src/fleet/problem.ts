/** An input that cannot be read, and is therefore missing in the result. */
export interface Problem {
  /** As in the command line, or below a folder of it. */
  readonly file: string;
  readonly line?: number;
  readonly column?: number;
  /** The fault and the remedy. */
  readonly message: string;
}

/** Formats a problem as `shop/bff.lock.json:3:5: it is not JSON`. */
export function problemText({ file, line, column, message }: Problem): string {
  return `${[file, line, column].filter((part) => part !== undefined).join(":")}: ${message}`;
}
