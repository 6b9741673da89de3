// Drift: the committed lock is compared with what this run uses, and brought up to date.
import type { DescFile } from "@bufbuild/protobuf";
import { elementName, type Facts, factsOf, learned, withHttp } from "@protobff/messages/upstream-facts.js";
import type { Diagnostic, Origin } from "../diagnostic/diagnostic.ts";
import type { Sources } from "../diagnostic/sources.ts";
import type { EnumConversion } from "../model/conversion.ts";
import { type Element, locate } from "../read/source/locate.ts";
import type { Model } from "../resolve/model/model.ts";
import type { Sliced } from "../slices/sliced.ts";
import { type Elsewhere, LOCK_VERSION, type Lock, type Locked, readLock, renderLock, sorted } from "./document.ts";
import { type Drift, driftOf } from "./drift.ts";
import { changedEdge, type EdgeEntries, edgeOf, filesOfEdge, isEmptyEdge, NO_EDGE, nextEdge } from "./edge.ts";
import { lostValues } from "./lost-values.ts";
import { type Options, optionsOf } from "./options.ts";
import { foldRemovedPackages } from "./removed-packages.ts";
import { type LockRun, staleEntries, uncommittedLock } from "./uncommitted-lock.ts";
import { type Used, type UsedElements, usedElements } from "./used-elements.ts";

export interface LockInput {
  /** Path from the user's point of view, for diagnostics. */
  readonly path: string;
  /** Undefined: there is none yet. */
  readonly text: string | undefined;
  /** `check` reports changes of upstreams; `update` accepts them. */
  readonly mode: "check" | "update";
  /**
   * True for a CI run, in which uncommitted changes are an error. `update` still writes the lock, because the user
   * requests that.
   */
  readonly ci: boolean;
  /**
   * Working directory from the lock's directory, or "." if the lock is in it or below it. Undefined: the lock does not
   * record the places of sources.
   */
  readonly project?: string;
}

interface LockOutcome {
  readonly drifts: readonly Drift[];
  /** Text to write if the run has no errors; undefined: the lock has that text already, or none is requested. */
  readonly text: string | undefined;
}

/**
 * Compares the run with the lock. `errors` are the errors of the run up to now. The comparison is complete only without
 * errors: see `LockOutcome.text`.
 */
export function* compareLock(
  model: Model,
  input: LockInput,
  sources: Sources,
  errors: readonly Diagnostic[],
): Sliced<LockOutcome> {
  const options = optionsOf(model.ir);
  const used = yield* usedElements(model, options);
  const committed = input.text === undefined ? undefined : readLock(input.text, input.path);
  if (committed !== undefined && "message" in committed)
    return { drifts: [alone(unreadable(input.path, committed))], text: undefined };
  const { version = LOCK_VERSION, edge: before, elsewhere = new Map() } = committed ?? {};
  const old = version < LOCK_VERSION && committed ? completed(committed.lock, version, used) : committed?.lock;
  const lockFiles = { model, sources, project: input.project ?? HERE, elsewhere };
  const isStale = staleTest(lockFiles);
  const known = old && withRenamedFiles(old, used.keys(), isStale, options);
  const keeps = keeper(model, used, isStale);
  const next = nextLock(used, known, input.mode, keeps);
  const edge = nextEdge(before ?? NO_EDGE, edgeOf(model), keeps);
  const nothing = isEmptyEdge(edge) && [...used.values()].every((elements) => elements.size === 0);
  if (old === undefined && nothing) return { drifts: [], text: undefined };
  // A check in CI may run where the sources are not, so it leaves their places as they are.
  const isGenerated = (file: string): boolean =>
    used.has(file) && input.project !== undefined && !(input.ci && input.mode === "check");
  const places = nextElsewhere([...next.keys(), ...filesOfEdge(edge)], isGenerated, lockFiles);
  const text = renderLock(next, edge, places);
  // A check in CI accepts version 2, which lacks nothing that a review would see.
  const isOlder = version < 2 || (version < LOCK_VERSION && !input.ci);
  const isSame = text === input.text || (old !== undefined && renderLock(old, before, elsewhere) === text);
  const changed = isOlder || !isSame;
  const around = { model, options, used, known, locate: locator(model, sources) };
  const lost = lostValues(model, newMapping(around), around.locate).map(alone);
  if (input.mode === "update") return { drifts: lost, text: changed ? text : undefined };

  const drifts = [...driftsIn(around, errors), ...lost];
  if (!changed || !input.ci) return { drifts, text: changed ? text : undefined };
  if (errors.length > 0) return { drifts, text: undefined };
  const run = { model, used, options, path: input.path, text: input.text, version };
  const outdated = outdatedIn(
    run,
    { lock: old, edge: before ?? NO_EDGE, elsewhere },
    { lock: next, edge, text },
    isStale,
  );
  return { drifts: [...drifts, ...outdated.map(alone)], text: undefined };
}

const alone = (diagnostic: Diagnostic): Drift => ({ diagnostic, explains: [] });

/** The uses of a run beside those that the lock records. */
interface Comparison {
  readonly model: Model;
  readonly options: Options;
  readonly used: UsedElements;
  readonly known: Lock | undefined;
  readonly locate: (element: Element) => Origin;
}

function driftsIn({ model, options, used, known, locate }: Comparison, errors: readonly Diagnostic[]) {
  const bffFiles = new Set(model.ir.files.map((file) => file.desc.proto.name));
  const around = { registry: model.ir.registry, options, locate, errors, bffFiles };
  const found = [...used].flatMap(([file, elements]) => {
    const before = sorted(known?.get(file) ?? new Map<string, Locked>());
    return driftOf(new Map(before.map(([name, locked]) => [name, withFile(locked, file)])), elements, around);
  });
  return foldRemovedPackages(found, around);
}

/** Returns a predicate for mappings of upstream enums that this run adds to the lock. */
function newMapping({ options, used, known }: Comparison): (conversion: EnumConversion) => boolean {
  return ({ from, owner }) => {
    const file = owner.file.proto.name;
    const name = elementName(from);
    const option = withoutFile(options.element(owner, "alias"), file);
    return used.get(file)?.has(name) === true && known?.get(file)?.get(name)?.usedBy.includes(option) !== true;
  };
}

function unreadable(
  path: string,
  { message, at, hint }: Extract<ReturnType<typeof readLock>, { message: string }>,
): Diagnostic {
  return {
    code: "BFF903",
    severity: "error",
    message: `"${path}" cannot be read: ${message}`,
    at,
    hint: hint ?? "restore it from version control, or delete it and run `buf generate`",
  };
}

/** Errors of a CI run whose lock differs from the committed one. */
function outdatedIn(
  run: LockRun,
  old: { readonly lock: Lock | undefined; readonly edge: EdgeEntries; readonly elsewhere: Elsewhere },
  next: { readonly lock: Lock; readonly edge: EdgeEntries; readonly text: string },
  isStale: (file: string) => boolean,
): readonly Diagnostic[] {
  if (old.lock === undefined) return [uncommittedLock(run, undefined, next.lock, undefined)];
  const stale = new Set([...old.lock.keys(), ...filesOfEdge(old.edge)].filter(isStale));
  if (stale.size === 0) return [uncommittedLock(run, old.lock, next.lock, changedEdge(old.edge, next.edge))];
  const lock = new Map([...old.lock].filter(([file]) => !stale.has(file)));
  const edge = nextEdge(old.edge, NO_EDGE, (file) => !stale.has(file));
  const elsewhere = new Map([...old.elsewhere].filter(([file]) => !stale.has(file)));
  const isRest = renderLock(lock, edge, elsewhere) !== next.text;
  return [
    staleEntries(run, [...stale].sort()),
    ...(isRest ? [uncommittedLock(run, lock, next.lock, changedEdge(edge, next.edge))] : []),
  ];
}

/** Returns a predicate for files whose entries stay: not generated in this run, with rules, and not stale. */
function keeper(
  model: Model,
  used: ReadonlyMap<string, unknown>,
  isStale: (file: string) => boolean,
): (file: string) => boolean {
  const run = new Set(model.ir.allFiles.map((file) => file.proto.name));
  const ruled = new Set(model.ir.files.map((file) => file.desc.proto.name));
  return (file) => !used.has(file) && (run.has(file) ? ruled.has(file) : !isStale(file));
}

/** Returns a lock of an earlier version with the facts that it lacks. */
function completed(old: Lock, version: number, used: ReadonlyMap<string, ReadonlyMap<string, Used>>): Lock {
  const complete = (file: string, name: string, locked: Locked): Locked => {
    const now = used.get(file)?.get(name)?.element;
    return now === undefined ? locked : { ...locked, facts: learned(locked.facts, factsOf(now), version) };
  };
  return new Map(
    [...old].map(([file, elements]) => [
      file,
      new Map([...elements].map(([name, locked]) => [name, complete(file, name, locked)])),
    ]),
  );
}

/**
 * Returns the next lock. Recorded facts stay until they are accepted; files that are not generated keep their entries.
 */
function nextLock(
  used: ReadonlyMap<string, ReadonlyMap<string, Used>>,
  old: Lock | undefined,
  mode: LockInput["mode"],
  keeps: (file: string) => boolean,
): Lock {
  const next = new Map<string, ReadonlyMap<string, Locked>>([...(old ?? [])].filter(([file]) => keeps(file)));
  for (const [file, elements] of used) {
    if (elements.size === 0) continue;
    const before = old?.get(file);
    const entry = [...elements].map(([name, { element, uses, vouchedBy, http, exchange }]) => {
      const known = mode === "check" ? before?.get(name) : undefined;
      const usedBy = uses.map(({ option }) => withoutFile(option, file)).sort();
      const vouchers = vouchedBy.map((voucher) => withoutFile(voucher, file)).sort();
      return [
        name,
        { facts: factsKept(known?.facts, withHttp(factsOf(element), http)), usedBy, vouchedBy: vouchers, exchange },
      ] as const;
    });
    next.set(file, new Map(entry));
  }
  return next;
}

/**
 * Returns the recorded facts, which stay until the author accepts new ones. The protocol of a method is the author's
 * own choice.
 */
function factsKept(known: Facts | undefined, now: Facts): Facts {
  if (known?.kind !== "method" || now.kind !== "method") return known ?? now;
  return withHttp(known, now.http === undefined ? undefined : (known.http ?? now.http));
}

const withoutFile = (option: string, file: string): string =>
  option.startsWith(`${file}: `) ? option.slice(file.length + 2) : option;
const withFile = ({ usedBy, ...locked }: Locked, file: string): Locked => ({
  ...locked,
  usedBy: usedBy.map((option) => (option.includes(": ") ? option : `${file}: ${option}`)),
});

function fileOf(element: Element): DescFile {
  if (element.kind === "file") return element;
  return "file" in element ? element.file : element.parent.file;
}

function locator(model: Model, sources: Sources): (element: Element) => Origin {
  const known = new Map<string, ReturnType<typeof locate>>();
  return (element) => {
    const file = fileOf(element);
    const name = file.proto.name;
    const found = known.get(name) ?? locate(file, sources(name), model.ir.registry);
    known.set(name, found);
    return found.name(element);
  };
}

// Entries of BFF files that were deleted or renamed, and entries that this run cannot evaluate because other runs share
// the lock.

/** The working directory of a run whose lock is in it or below it. */
const HERE = ".";

interface LockFiles {
  readonly model: Model;
  readonly sources: Sources;
  /** As in `Elsewhere`. */
  readonly project: string;
  readonly elsewhere: Elsewhere;
}

/**
 * Returns a predicate for BFF files that were deleted or renamed: this run's directory had the file, and no longer has
 * it.
 */
function staleTest({ model, sources, project, elsewhere }: LockFiles): (file: string) => boolean {
  const files = new Set(model.ir.allFiles.map((file) => file.proto.name));
  // Without any source, as in a run over a built image, a missing source proves nothing.
  const hasSources = [...files].some((file) => sources(file) !== undefined);
  return (file) => {
    const writer = elsewhere.has(file) ? elsewhere.get(file) : HERE;
    return writer === project && hasSources && !files.has(file) && sources(file) === undefined;
  };
}

/** Returns the places of the sources of `files`, as the lock is to record them. */
function nextElsewhere(
  files: Iterable<string>,
  isGenerated: (file: string) => boolean,
  { sources, project, elsewhere }: LockFiles,
): Elsewhere {
  const next = new Map<string, string | null>();
  const writerNow = (file: string): string | null => (sources(file) === undefined ? null : project);
  for (const file of files) {
    const writer = isGenerated(file) ? writerNow(file) : elsewhere.get(file);
    if (writer !== undefined && writer !== HERE) next.set(file, writer);
  }
  return next;
}

/**
 * Returns the lock with entries for renamed BFF files, so that a rename does not accept a change of an upstream. A new
 * file takes over the stale entries of its options.
 */
function withRenamedFiles(
  old: Lock,
  generated: Iterable<string>,
  isStale: (file: string) => boolean,
  options: Options,
): Lock {
  const stale = [...old].filter(([file]) => isStale(file)).flatMap(([, elements]) => [...elements]);
  const added = [...generated].flatMap((file) => {
    if (old.has(file)) return [];
    const taken = stale.flatMap(([name, locked]): [string, Locked][] => {
      const usedBy = locked.usedBy.filter((option) => options.at(`${file}: ${option}`) !== undefined);
      return usedBy.length === 0 ? [] : [[name, { ...locked, usedBy }]];
    });
    return taken.length === 0 ? [] : [[file, new Map(taken)] as const];
  });
  return new Map([...old, ...added]);
}
