// Setup of every test file: an illegal transition between states throws.
import { checkTransitions, type Transitions } from "../../../runtime/src/states.ts";

function throwIllegal(transitions: Transitions<string>, from: string, to: string): void {
  if (transitions[from]?.includes(to) !== true) throw new Error(`illegal transition from ${from} to ${to}`);
}
checkTransitions(throwIllegal);

const pair = (from: string, to: string): string => `${from} > ${to}`;
const pairsOf = (transitions: Transitions<string>): string[] =>
  Object.entries(transitions).flatMap(([from, all]) => all.map((to) => pair(from, to)));

/** Runs a function. Returns the legal transitions that it has not taken. */
export async function untakenTransitions(
  transitions: Transitions<string>,
  drive: () => void | Promise<void>,
): Promise<string[]> {
  const untaken = new Set(pairsOf(transitions));
  checkTransitions((checked, from, to) => {
    throwIllegal(checked, from, to);
    if (checked === transitions) untaken.delete(pair(from, to));
  });
  try {
    await drive();
  } finally {
    checkTransitions(throwIllegal);
  }
  return [...untaken];
}

/** Pairs of states that are no legal transition. */
export function illegalTransitions<State extends string>(transitions: Transitions<State>): [State, State][] {
  const states = Object.keys(transitions) as State[];
  return states.flatMap((from) =>
    states.filter((to) => !transitions[from].includes(to)).map((to): [State, State] => [from, to]),
  );
}
