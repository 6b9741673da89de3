// Findings of comparisons. Each function returns none if both sides are alike.
import { type Finding, type Kind, type Level, list, type Phrase } from "./finding.ts";

/** A finding without its place. */
export type FoundChange = Omit<Finding, "where">;

/** Makes changes of one kind. A message that is one text needs no list. */
interface ChangeMaker {
  of(level: Level, message: Phrase | string, before?: Phrase, after?: Phrase): FoundChange;
  /** A change if a condition holds. */
  when(holds: boolean, level: Level, message: Phrase | string): readonly FoundChange[];
  /** A change if the texts of both sides differ. */
  between(level: Level, message: Phrase | string, before: Phrase, after: Phrase): readonly FoundChange[];
  /** A change if the values of both sides differ, with the texts that show them. */
  changed<T>(
    level: Level,
    message: Phrase | string,
    from: T,
    to: T,
    text: (value: T) => Phrase,
  ): readonly FoundChange[];
  /** A change that lists names, if there are any. */
  names(level: Level, names: readonly string[], message: (names: Phrase) => Phrase): readonly FoundChange[];
}

/** Returns the functions that make changes of this kind. */
export function changesOf(kind: Kind): ChangeMaker {
  const of: ChangeMaker["of"] = (level, message, before, after) => ({
    kind,
    level,
    message: typeof message === "string" ? [message] : message,
    ...(before !== undefined && { before }),
    ...(after !== undefined && { after }),
  });
  return {
    of,
    when: (holds, level, message) => (holds ? [of(level, message)] : []),
    between: (level, message, before, after) => (same(before, after) ? [] : [of(level, message, before, after)]),
    changed: (level, message, from, to, text) => (same(from, to) ? [] : [of(level, message, text(from), text(to))]),
    names: (level, names, message) => (names.length === 0 ? [] : [of(level, message(list(names)))]),
  };
}

/** True for equal JSON. */
export const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** Returns the members of one list that another lacks. */
export const without = <T>(all: readonly T[] = [], other: readonly T[] = []): readonly T[] =>
  all.filter((member) => !other.includes(member));

/** A text of the compared sources; undefined: there is none. */
export const code = (text: string | undefined): Phrase => (text === undefined ? ["none"] : [{ code: text }]);
