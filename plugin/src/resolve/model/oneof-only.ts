// "A step that only values of members of one oneof read starts once such a member may be chosen": finds these members
// and their oneof.
import type { Expression, Variable } from "../../cel/index.ts";
import { sortByDependency } from "../../graph/graph.ts";
import type { OneofTarget } from "../../model/conversion.ts";
import type { Block, Step } from "./model.ts";

/** The members whose values read a step, directly or through other such steps, by their index in the target. */
interface Readers {
  readonly target: OneofTarget;
  readonly members: ReadonlySet<number>;
}
/** When a step is wanted. */
export interface Demand extends Readers {
  /**
   * Conditions, evaluated in order. The first that holds decides by its `wanted`. If none holds, the result is the
   * opposite of the last condition's `wanted`.
   */
  readonly ifs: readonly { readonly if: Expression; readonly starts: boolean }[];
}

/**
 * Returns the steps that are not always wanted. A step is always wanted if an `if`, another field or an `after` reads
 * it. The same applies to steps with `autobind`, and to resolvers without declared reads.
 */
export function oneofOnly(block: Block): ReadonlyMap<Step, Demand> {
  if (!block.targets.some(({ kind }) => kind === "oneof")) return new Map();
  const readers = readersOf(block);
  const found = new Map<Step, Readers>();
  const waitsFor = (step: Step): readonly Step[] => [...step.reads, ...step.after];
  // Readers come before the steps that they read, so that each step's purpose is known here.
  for (const step of [...sortByDependency(block.steps, waitsFor).order].reverse()) {
    const all = (readers.get(step) ?? []).map((reader) =>
      reader === ELSEWHERE || "target" in reader ? reader : (found.get(reader) ?? ELSEWHERE),
    );
    const known = all.filter((reader) => reader !== ELSEWHERE);
    const [first] = known;
    if (first === undefined || known.length < all.length || step.autobind || step.ir.started) continue;
    if (step.source.kind === "resolver" && !step.source.hasReads) continue;
    if (known.some(({ target }) => target !== first.target)) continue;
    found.set(step, { target: first.target, members: new Set(known.flatMap(({ members }) => [...members])) });
  }
  return new Map(
    [...found].flatMap(([step, of]) => {
      const ifs = deciding(of);
      return ifs.length === 0 ? [] : [[step, { ...of, ifs }] as const];
    }),
  );
}

const ELSEWHERE = "elsewhere";
type Reader = Step | Readers | typeof ELSEWHERE;

function readersOf({ steps, targets }: Block): ReadonlyMap<Step, readonly Reader[]> {
  const readers = new Map<Step, Reader[]>();
  const stepOf = new Map<Variable, Step>();
  for (const step of steps) if (step.variable !== undefined) stepOf.set(step.variable, step);
  const add = (step: Step, reader: Reader): void => {
    const known = readers.get(step);
    if (known === undefined) readers.set(step, [reader]);
    else known.push(reader);
  };
  const addReads = (expression: Expression | undefined, reader: Reader): void => {
    for (const { variable } of expression?.reads ?? []) {
      const step = stepOf.get(variable);
      if (step !== undefined) add(step, reader);
    }
  };
  for (const step of steps) {
    for (const other of step.after) add(other, ELSEWHERE);
    for (const read of step.reads) add(read, step);
  }
  for (const target of targets) {
    if (target.kind === "field") addReads(target.bound.expression, ELSEWHERE);
    else
      for (const [index, member] of target.members.entries()) {
        addReads(member.if, ELSEWHERE);
        addReads(member.bound.expression, { target, members: new Set([index]) });
      }
  }
  return readers;
}

/**
 * Returns the `if`s that decide if one of these members may be chosen, in evaluation order, or none if one of them
 * always may.
 */
function deciding({ target, members }: Readers): Demand["ifs"] {
  const all = [...target.members.entries()];
  const ifs: { if: Expression; starts: boolean }[] = [];
  let last = false;
  for (const [index, member] of [
    ...all.filter(([, candidate]) => !candidate.default),
    ...all.filter(([, candidate]) => candidate.default),
  ]) {
    if (member.if !== undefined && !member.default) ifs.push({ if: member.if, starts: members.has(index) });
    else if (members.has(index)) {
      last = true;
      break;
    }
  }
  while (ifs.at(-1)?.starts === last) ifs.pop();
  return ifs;
}

/**
 * Returns the sets of members that may be chosen together: one set for each `if` that holds first, and one for no `if`.
 */
export function choices({ members }: OneofTarget): ReadonlySet<number>[] {
  const found: Set<number>[] = [];
  const open = new Set<number>();
  for (const [index, { if: condition, default: standard }] of members.entries()) {
    if (standard) continue;
    if (condition === undefined) open.add(index);
    else found.push(new Set([...open, index]));
  }
  const standard = members.findIndex((member) => member.default);
  return [...found, standard < 0 ? open : new Set([...open, standard])];
}
