/**
 * Environment settings of sources; the server's `EnvReader` implements it. Faults are collected, so that all of them
 * are reported.
 */
export interface Settings {
  /** The text of a variable that may be left out; undefined when it is not set or empty. */
  optional(name: string): string | undefined;
  string(name: string, byDefault?: string): string;
  /** Comma separated. */
  strings(name: string, byDefault?: string): string[];
  bool(name: string, byDefault?: string): boolean;
  /** In milliseconds. */
  durationMs(name: string, byDefault?: string, maxMs?: number): number;
  /** A whole number between two bounds, both included. */
  within(name: string, min: number, max: number, byDefault?: string): number;
  /**
   * Records what is wrong with a variable, or with an option.
   *
   * @param problem the end of a sentence that begins with its name: "is not set"
   * @param remedy what to write instead: "a whole number"
   */
  fault(variable: string, problem: string, remedy: string): void;
}
