import { createInterface } from "node:readline/promises";

/** Surroundings of a command. All output passes through it, so that tests can read the output. */
export interface Terminal {
  /** The folder that paths are relative to. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** True if a person watches and wants colours: neither NO_COLOR nor a pipe. */
  readonly hasColours: boolean;
  /** Exit code of the process if nothing is thrown. */
  exitCode: 0 | 1 | 2 | 3;
  /** Writes text to standard output, unchanged. */
  write(text: string): void;
  /** A line to standard error. */
  error(line: string): void;
  /**
   * Shows a task that takes longer than a second, if a person watches. The caller ends it with the returned function.
   */
  progress(what: string): () => void;
  /** Returns a person's answer to a question; true without a person. */
  confirm(question: string): Promise<boolean>;
}

const SLOW_MS = 1_000;

/** Returns the terminal of this process. */
export function ofProcess(): Terminal {
  return {
    cwd: process.cwd(),
    env: process.env,
    hasColours: process.stdout.isTTY === true && !process.env.NO_COLOR,
    exitCode: 0,
    write: (text) => void process.stdout.write(text),
    error: (line) => void process.stderr.write(`${line}\n`),
    progress: (what) => {
      if (process.stderr.isTTY !== true) return () => {};
      const timer = setTimeout(() => process.stderr.write(`${what} …\n`), SLOW_MS);
      return () => clearTimeout(timer);
    },
    confirm: async (question) => {
      if (process.stdin.isTTY !== true) return true;
      const lines = createInterface({ input: process.stdin, output: process.stdout });
      const answer = await lines.question(`${question} [Y/n] `);
      lines.close();
      return !/^n/i.test(answer.trim());
    },
  };
}

/** Returns a number with its noun: `1 BFF`, `2 BFFs`. */
export const count = (of: number, noun: string): string => `${of} ${noun}${of === 1 ? "" : "s"}`;

/** Adds a value of an option that may be given several times. */
export const append = (value: string, before: readonly string[]): readonly string[] => [...before, value];

/** A failure of a command, for its user: the fault, and the remedy. It is printed without a stack trace. */
export class Refusal extends Error {
  readonly exitCode: 1 | 2;

  /** @param exitCode 2: the command line is invalid */
  constructor(message: string, exitCode: 1 | 2 = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}
