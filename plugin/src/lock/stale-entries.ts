// Entries of BFF files that were deleted or renamed, and entries that this run cannot evaluate because other runs share
// the lock.
import type { Sources } from "../diagnostic/sources.ts";
import type { Model } from "../resolve/model/model.ts";
import type { Elsewhere, Lock, Locked } from "./document.ts";
import type { Options } from "./options.ts";

/** The working directory of a run whose lock is in it or below it. */
export const HERE = ".";

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
export function staleTest({ model, sources, project, elsewhere }: LockFiles): (file: string) => boolean {
  const files = new Set(model.ir.allFiles.map((file) => file.proto.name));
  // Without any source, as in a run over a built image, a missing source proves nothing.
  const hasSources = [...files].some((file) => sources(file) !== undefined);
  return (file) => {
    const writer = elsewhere.has(file) ? elsewhere.get(file) : HERE;
    return writer === project && hasSources && !files.has(file) && sources(file) === undefined;
  };
}

/** Returns the places of the sources of `files`, as the lock is to record them. */
export function nextElsewhere(
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
export function withRenamedFiles(
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
