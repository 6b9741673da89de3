// BFFs of a fleet: each lock, with the plans below its folder.
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { LOCK_VERSION, type Lock, parentName, readLock } from "protoc-gen-bff/compiler";
import { projectName } from "../project/project-name.ts";
import { OwnerFiles, type Owners } from "./codeowners.ts";
import type { FoundFile } from "./find-files.ts";
import type { Problem } from "./problem.ts";
import { type PlanFile, parsePlan } from "./read-plan.ts";

/** One BFF: a project with a lock, or with plans alone. */
export interface FleetBff {
  /** Its name, with its place if several have the name. */
  readonly id: string;
  readonly name: string;
  /** The lock as shown; without a lock the folder of its plans. */
  readonly place: string;
  /** Undefined: plans alone. */
  readonly lock: Lock | undefined;
  /** Version of the lock's format; null without a lock. */
  readonly lockVersion: number | null;
  readonly plans: readonly LocatedPlan[];
  readonly owners: Owners;
}
interface LocatedPlan extends PlanFile {
  readonly path: string;
}
interface ReadBffs {
  /** Sorted by `id`. */
  readonly bffs: readonly FleetBff[];
  readonly problems: readonly Problem[];
  readonly notes: readonly string[];
}

interface Draft extends Omit<FleetBff, "id" | "plans"> {
  readonly plans: LocatedPlan[];
}
/** By the folder of the project. */
type Drafts = Map<string, Draft[]>;

/** Reads locks and plans. Damaged ones become problems. */
export function readBffs(files: readonly FoundFile[]): ReadBffs {
  const problems: Problem[] = [];
  const notes: string[] = [];
  const owners = new OwnerFiles();
  const drafts: Drafts = new Map();
  for (const found of files) {
    if (found.kind !== "lock") continue;
    const read = lockIn(found);
    if ("message" in read) {
      problems.push(read);
      continue;
    }
    const { lock, lockVersion } = read;
    if (lockVersion < LOCK_VERSION)
      notes.push(
        `${found.path} has version ${lockVersion} of the format: run \`buf generate\` for version ${LOCK_VERSION}`,
      );
    addDraft(
      dirname(found.fullPath),
      { lock, lockVersion, place: found.path, owners: owners.ownersOf(found.fullPath) },
      drafts,
    );
  }
  for (const found of files) {
    if (found.kind !== "plan") continue;
    const plan = parsePlan(readFileSync(found.fullPath, "utf8"), found.path);
    if ("message" in plan)
      problems.push({
        file: found.path,
        line: plan.at.line,
        column: plan.at.column,
        message: `the plan is left out: ${plan.message}`,
      });
    else addPlan({ ...plan, path: found.path }, draftOf(found, plan, drafts, owners), notes);
  }
  const bffs = named([...drafts.values()].flat(), notes);
  notes.push(...owners.notes, ...bffs.flatMap(differences));
  return { bffs, problems, notes };
}

function lockIn(found: FoundFile): { readonly lock: Lock; readonly lockVersion: number } | Problem {
  const content = readLock(readFileSync(found.fullPath, "utf8"), found.path);
  if ("message" in content) {
    const { line, column } = content.at;
    const hint = content.hint === undefined ? "" : `: ${content.hint}`;
    return { file: found.path, line, column, message: `the BFF is left out: ${content.message}${hint}` };
  }
  return { lock: content.lock, lockVersion: content.version };
}

function addDraft(folder: string, facts: Omit<Draft, "name" | "plans">, drafts: Drafts): Draft {
  const draft = { ...facts, name: projectName(folder), plans: [] };
  drafts.set(folder, [...(drafts.get(folder) ?? []), draft]);
  return draft;
}

/** Returns the BFF of the nearest lock beside a plan or above it, or a BFF without a lock. */
function draftOf(found: FoundFile, { file }: PlanFile, drafts: Drafts, owners: OwnerFiles): Draft {
  for (let folder = dirname(found.fullPath), last = ""; folder !== last; last = folder, folder = dirname(folder)) {
    const beside = (drafts.get(folder) ?? []).filter(({ lock }) => lock !== undefined);
    const draft = beside.find(({ lock }) => lock?.has(file)) ?? beside[0];
    if (draft !== undefined) return draft;
  }
  const { full, depth } = projectOf(found.fullPath);
  const [known] = drafts.get(full) ?? [];
  if (known !== undefined) return known;
  const place = shownAbove(found.path, depth);
  return addDraft(full, { place, lock: undefined, lockVersion: null, owners: owners.ownersOf(found.fullPath) }, drafts);
}

/** Returns the nearest folder with the configuration of a project; if there is none, the plan's folder. */
function projectOf(plan: string): { readonly full: string; readonly depth: number } {
  let folder = dirname(plan);
  for (let depth = 1, last = ""; folder !== last; depth++) {
    if (["buf.gen.yaml", "package.json"].some((name) => existsSync(join(folder, name)))) return { full: folder, depth };
    last = folder;
    folder = dirname(folder);
  }
  return { full: dirname(plan), depth: 1 };
}

/** Cuts parts of a path, as far as it has them. */
function shownAbove(path: string, depth: number): string {
  const parts = path.split("/");
  return parts.slice(0, Math.max(1, parts.length - depth)).join("/");
}

function addPlan(plan: LocatedPlan, { plans }: Draft, notes: string[]): void {
  const twin = plans.find(({ file }) => file === plan.file);
  if (twin === undefined) plans.push(plan);
  else notes.push(`${plan.path} is left out: ${twin.path} is a plan of ${plan.file}, too`);
}

function named(drafts: readonly Draft[], notes: string[]): readonly FleetBff[] {
  const byName = Map.groupBy(drafts, ({ name }) => name);
  for (const [name, all] of byName)
    if (all.length > 1)
      notes.push(`${all.length} BFFs are called "${name}": ${all.map(({ place }) => place).join(", ")}`);
  return drafts
    .map((draft) => ({
      ...draft,
      id: byName.get(draft.name)?.length === 1 ? draft.name : `${draft.name} (${draft.place})`,
    }))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** Describes methods that only the lock or only the plans of a BFF have. */
function differences({ id, lock, plans }: FleetBff): readonly string[] {
  if (lock === undefined || plans.length === 0) return [];
  const locked = methodsOf(lock);
  const planned = new Set(plans.flatMap(({ rpcs }) => rpcs.flatMap(({ methods }) => methods)));
  const [newer, older] = [
    [...planned].filter((name) => !locked.has(name)),
    [...locked].filter((name) => !planned.has(name)),
  ];
  return [
    ...(newer.length > 0 ? [`${id}: the lock lacks ${newer.join(", ")} of its plans: run \`buf generate\``] : []),
    ...(older.length > 0 ? [`${id}: no plan calls ${older.join(", ")} of its lock: a plan is missing or old`] : []),
  ];
}

/** Returns the names of the methods in a lock. */
function methodsOf(lock: Lock): ReadonlySet<string> {
  const entries = [...lock.values()].flatMap((elements) => [...elements]);
  return new Set(entries.flatMap(([name, { facts }]) => (facts.kind === "method" ? [name] : [])));
}

/** Returns the services of upstreams that a BFF calls. */
export function servicesOfBff({ lock, plans }: FleetBff): ReadonlySet<string> {
  const planned = plans.flatMap(({ rpcs }) => rpcs.flatMap(({ methods }) => methods));
  return new Set([...(lock === undefined ? [] : methodsOf(lock)), ...planned].map(parentName));
}
