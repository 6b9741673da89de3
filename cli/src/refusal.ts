/** What a word cannot do, in words for its user: what is wrong, and what to do instead. It is printed without a stack trace. */
export class Refusal extends Error {
  readonly exitCode: 1 | 2;

  /** @param exitCode 2: the word was not asked as it has to be */
  constructor(message: string, exitCode: 1 | 2 = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}
