// Texts that a pattern of RE2 matches: the shortest way through its program.
import { RE2JS } from "@bufbuild/re2";

/** Instructions of RE2's programs, as its other implementations number them. */
const OP = {
  alt: 1,
  altMatch: 2,
  capture: 3,
  emptyWidth: 4,
  match: 6,
  nop: 7,
  rune: 8,
  rune1: 9,
  any: 10,
  anyNotNl: 11,
};
/** Maximum number of states of one program that are visited. */
const MOST = 20_000;
/** Tried first, because they are readable. */
const READABLE = [..."a1A-_/.: @"].map((rune) => rune.codePointAt(0) ?? 0);

/** Returns a test of whether the pattern matches. Undefined: the pattern is invalid. */
export function matcherOf(pattern: string): ((text: string) => boolean) | undefined {
  const compiled = programOf(pattern);
  return compiled && ((text) => compiled.test(text));
}
function programOf(pattern: string): RE2JS | undefined {
  try {
    return new RE2JS(pattern);
  } catch {
    return undefined;
  }
}

interface At {
  readonly pc: number;
  /** A list that shares its tail with other paths. */
  readonly text: Way | undefined;
  readonly length: number;
}
interface Way {
  readonly rune: number;
  readonly before: Way | undefined;
}

/**
 * Returns a text of at least `least` characters that the pattern matches as a whole. The search takes `^`, `$` and `\b`
 * as satisfied, so the text must be tested. Undefined: none exists, or the search was cut off.
 */
export function textFor(pattern: string, least: number): string | undefined {
  const program = programOf(pattern)?.re2Input.prog;
  if (program === undefined) return undefined;
  const seen = new Set<string>();
  const queue: At[] = [{ pc: program.start, text: undefined, length: 0 }];
  for (let i = 0; i < queue.length && i < MOST; i++) {
    const at = queue[i];
    if (at === undefined) break;
    const state = `${at.pc} ${Math.min(at.length, least)}`;
    if (seen.has(state)) continue;
    seen.add(state);
    const inst = program.inst[at.pc];
    if (inst === undefined) continue;
    const { op, out, arg } = inst;
    if (op === OP.match) {
      if (at.length >= least) return textOf(at.text);
    } else if (op === OP.alt || op === OP.altMatch) queue.push({ ...at, pc: out }, { ...at, pc: arg });
    else if (op === OP.capture || op === OP.emptyWidth || op === OP.nop) queue.push({ ...at, pc: out });
    else if (op >= OP.rune && op <= OP.anyNotNl) {
      const rune = op >= OP.any ? READABLE[0] : (READABLE.find((rune) => inst.matchRune(rune)) ?? inst.runes[0]);
      if (rune !== undefined) queue.push({ pc: out, text: { rune, before: at.text }, length: at.length + 1 });
    }
  }
  return undefined;
}

function textOf(last: Way | undefined): string {
  const runes: number[] = [];
  for (let at = last; at !== undefined; at = at.before) runes.push(at.rune);
  return String.fromCodePoint(...runes.reverse());
}
