/** A failure of a command, for its user: the fault, and the remedy. It is printed without a stack trace. */
export class Refusal extends Error {
  readonly exitCode: 1 | 2;

  /** @param exitCode 2: the command line is invalid */
  constructor(message: string, exitCode: 1 | 2 = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}
