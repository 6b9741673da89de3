/**
 * Computes the answer to a question that needs answers to further questions, for chains of any length. The call stack
 * of the language holds only some thousands.
 * @param known returns the answers that exist already
 * @param solve yields the questions whose answers it needs, and returns its answer
 */
export function withoutRecursion<Q, A>(
  question: Q,
  known: (question: Q) => A | undefined,
  solve: (question: Q) => Generator<Q, A, A>,
): A {
  const open: Generator<Q, A, A>[] = [];
  let answer: A | undefined;
  const look = (next: Q): void => {
    answer = known(next);
    if (answer === undefined) open.push(solve(next));
  };
  look(question);
  for (let at = open.at(-1); at !== undefined; at = open.at(-1)) {
    // A generator ignores the first value that it receives.
    const next = at.next(answer as A);
    if (next.done !== true) {
      look(next.value);
      continue;
    }
    open.pop();
    answer = next.value;
  }
  return answer as A;
}
