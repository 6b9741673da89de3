// Finds the position of a pattern in a text, and its groups. @bufbuild/re2 reports only whether a pattern matches. Its
// compiled program is run here as by RE2's own NFA (Russ Cox, "Regular Expression Matching: the Virtual Machine
// Approach", Pike's VM). The match is leftmost, with the first alternative first, in time linear in the text.
import type { RE2JS } from "@bufbuild/re2";
import { ExpressionError } from "../value/error.ts";

/** Start and end of the match, then of each group; -1 for a group that took no part. In UTF-16 code units. */
export type Match = readonly number[];

type Program = ReturnType<RE2JS["re2"]>["prog"];

/** Operations of a program (Inst.js of @bufbuild/re2, as in Go's regexp/syntax); the others take a character. */
const ALT = 1;
const ALT_MATCH = 2;
const CAPTURE = 3;
const EMPTY_WIDTH = 4;
const FAIL = 5;
const MATCH = 6;
const NOP = 7;

/**
 * Maximum steps of one search for all matches. One match takes time linear in the text. Each match may read all the
 * rest of the text, as those of `a.*z|a` in a text without z do.
 */
const MAX_STEPS = 2 ** 25;

interface Thread {
  readonly pc: number;
  readonly match: Match;
}

/**
 * Returns all matches that do not overlap, at most `most`. An empty match directly after another is left out (as in
 * Go's regexp). Throws ExpressionError if the search takes too many steps.
 */
export function matchesOf(compiled: RE2JS, text: string, most: number): Match[] {
  const search = new Search(compiled, text);
  const found: Match[] = [];
  let last = -1;
  for (let at = 0; at <= text.length && found.length < most; ) {
    const match = search.from(at);
    if (match === undefined) break;
    const [start = 0, end = 0] = match;
    const repeated = end === at && start === last;
    at = end > at ? end : at + widthOf(text.codePointAt(at));
    last = end;
    if (!repeated) found.push(match);
  }
  return found;
}

class Search {
  readonly #program: Program;
  readonly #text: string;
  readonly #nothing: Match;
  /** Number of the last position list to which each instruction was added. */
  readonly #added: Uint32Array;
  #list = 0;
  #steps = 0;

  constructor(compiled: RE2JS, text: string) {
    this.#program = compiled.re2().prog;
    this.#text = text;
    this.#nothing = new Array<number>(2 + 2 * compiled.groupCount()).fill(-1);
    this.#added = new Uint32Array(this.#program.numInst());
  }

  /** The leftmost match at or after a position. */
  from(start: number): Match | undefined {
    const text = this.#text;
    let found: Match | undefined;
    let threads: Thread[] = [];
    this.#list++;
    let before = start === 0 ? -1 : previous(text, start);
    for (let at = start; ; ) {
      const rune = text.codePointAt(at) ?? -1;
      // Later starts have lower priority.
      if (found === undefined)
        this.#add(threads, { pc: this.#program.start, match: this.#nothing.with(0, at) }, at, before, rune);
      if (threads.length === 0 && found !== undefined) break;
      const next = at + widthOf(rune);
      const following = text.codePointAt(next) ?? -1;
      const advanced: Thread[] = [];
      this.#list++;
      for (const { pc, match } of threads) {
        const inst = this.#program.getInst(pc);
        if (inst.op === MATCH) {
          // Later threads have lower priority.
          found = match.with(1, at);
          break;
        }
        if (rune >= 0 && inst.matchRune(rune)) this.#add(advanced, { pc: inst.out, match }, next, rune, following);
      }
      if (rune < 0) break;
      threads = advanced;
      before = rune;
      at = next;
    }
    return found;
  }

  /** Adds what can be reached from an instruction without a character, each once, first choices first. */
  #add(threads: Thread[], first: Thread, at: number, before: number, after: number): void {
    const waiting: Thread[] = [first];
    for (let thread = waiting.pop(); thread !== undefined; thread = waiting.pop()) {
      const { pc } = thread;
      if (this.#added[pc] === this.#list) continue;
      this.#added[pc] = this.#list;
      if (++this.#steps > MAX_STEPS) throw new ExpressionError("a pattern is searched for in too many steps");
      const inst = this.#program.getInst(pc);
      switch (inst.op) {
        case ALT:
        case ALT_MATCH:
          waiting.push({ pc: inst.arg, match: thread.match }, { pc: inst.out, match: thread.match });
          break;
        case NOP:
          waiting.push({ pc: inst.out, match: thread.match });
          break;
        case CAPTURE:
          waiting.push({
            pc: inst.out,
            match: inst.arg < first.match.length ? thread.match.with(inst.arg, at) : thread.match,
          });
          break;
        case EMPTY_WIDTH:
          if ((inst.arg & ~surroundings(before, after)) === 0) waiting.push({ pc: inst.out, match: thread.match });
          break;
        case FAIL:
          break;
        default:
          threads.push(thread);
      }
    }
  }
}

/**
 * Returns the conditions that hold between two characters, as bits: begin and end of line and of text, word boundary or
 * none. -1: no character.
 */
function surroundings(before: number, after: number): number {
  const text = (before < 0 ? 4 : 0) | (after < 0 ? 8 : 0);
  const line = (before < 0 || before === 10 ? 1 : 0) | (after < 0 || after === 10 ? 2 : 0);
  return text | line | (isWord(before) === isWord(after) ? 32 : 16);
}

function isWord(rune: number): boolean {
  return rune >= 0 && rune < 128 && /\w/.test(String.fromCharCode(rune));
}

function previous(text: string, at: number): number {
  const low = text.charCodeAt(at - 1);
  const pair = low >= 0xdc00 && low < 0xe000 && at > 1 ? text.codePointAt(at - 2) : undefined;
  return pair !== undefined && pair > 0xffff ? pair : low;
}

function widthOf(rune: number | undefined): number {
  return rune !== undefined && rune > 0xffff ? 2 : 1;
}
