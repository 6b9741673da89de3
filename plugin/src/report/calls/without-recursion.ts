/**
 * Answers a question that asks others of its kind, however long the chain of them: the stack of the language holds some thousands.
 * @param known the answers there are already
 * @param ask yields the questions that it needs answers to, and gives its own
 */
export function withoutRecursion<Q, A>(
  question: Q,
  known: (question: Q) => A | undefined,
  ask: (question: Q) => Generator<Q, A, A>,
): A {
  const open: Generator<Q, A, A>[] = [];
  let answer: A | undefined;
  const look = (asked: Q): void => {
    answer = known(asked);
    if (answer === undefined) open.push(ask(asked));
  };
  look(question);
  for (let at = open.at(-1); at !== undefined; at = open.at(-1)) {
    // What a generator is first given goes nowhere.
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
