// Edge settings in force, as the lock records them: identities, permits and limits. A service, or an imported file,
// declares them for rpcs elsewhere. The lock contains the result for each rpc, so that a review sees when it becomes
// more.

import type { Origin } from "../diagnostic/diagnostic.ts";
import { markedFields, publicIdsOf } from "../resolve/model/marked-fields.ts";
import type { BffFile, Model, Permit } from "../resolve/model/model.ts";
import { revealsIn } from "../resolve/model/reveals.ts";
import { identityFacts } from "./identity-facts.ts";
import { limitFacts } from "./limit-facts.ts";

/** Keys of the lock, in its order. */
export const SECTIONS = ["identities", "permits", "limits", "reveals"] as const;
export type Section = (typeof SECTIONS)[number];

/**
 * Entries by the name of the generated file, then by the source of an identity ("browser") or by the rpc
 * ("web.v1.WebService/GetPage"), or by the place of a `reveal`. Values are JSON.
 */
export type Entries = ReadonlyMap<string, ReadonlyMap<string, unknown>>;
export type EdgeEntries = Readonly<Record<Section, Entries>>;

export const NO_EDGE: EdgeEntries = {
  identities: new Map(),
  permits: new Map(),
  limits: new Map(),
  reveals: new Map(),
};

export function edgeOf(model: Model): EdgeEntries {
  const byFile = (entriesOf: (file: BffFile) => readonly (readonly [string, unknown])[]): Entries =>
    new Map(model.files.map((file) => [file.desc.proto.name, new Map(entriesOf(file))]));
  const byRpc = (entryOf: (rpc: BffFile["services"][number]["methods"][number]) => unknown): Entries =>
    byFile(({ services }) =>
      services.flatMap(({ desc, methods }) =>
        methods.flatMap((rpc) => {
          const value = entryOf(rpc);
          return value === undefined ? [] : [[`${desc.typeName}/${rpc.desc.name}`, value] as const];
        }),
      ),
    );
  return {
    identities: byFile(({ desc, services }) => {
      const identity = model.packages.find(({ name }) => name === desc.proto.package)?.identity;
      if (identity === undefined || services.length === 0) return [];
      return identityFacts(identity).sources.map(({ name, ...source }) => [name, source] as const);
    }),
    permits: byRpc(({ permit, desc }) => {
      if (permit === undefined) return undefined;
      const ids = markedFields(desc.input, publicIdsOf(desc.input));
      return { ...lockedPermit(permit, model), ...(ids !== undefined && { public_ids: [...ids].sort() }) };
    }),
    limits: byRpc(({ limits }) => limits?.uses.map(limitFacts)),
    reveals: byFile(({ ir }) => revealsIn(ir).map(({ place, reason }) => [place, reason.value] as const)),
  };
}

/** Reads the edge from a lock. Members that another version of the plugin may write are kept unchanged. */
export function readEdge(document: Readonly<Record<string, unknown>>): EdgeEntries {
  const read = (section: Section): Entries =>
    new Map(entriesIn(document[section]).map(([file, entries]) => [file, new Map(entriesIn(entries))]));
  return { identities: read("identities"), permits: read("permits"), limits: read("limits"), reveals: read("reveals") };
}
const entriesIn = (value: unknown): [string, unknown][] =>
  typeof value === "object" && value !== null ? Object.entries(value) : [];

/** Returns the lock's entries for files outside of this run, with the entries of this run. */
export function nextEdge(old: EdgeEntries, now: EdgeEntries, keeps: (file: string) => boolean): EdgeEntries {
  const next = (section: Section): Entries =>
    new Map([...[...old[section]].filter(([file]) => keeps(file)), ...now[section]]);
  return { identities: next("identities"), permits: next("permits"), limits: next("limits"), reveals: next("reveals") };
}

/** The BFF files that have entries. */
export const filesOfEdge = (edge: EdgeEntries): readonly string[] =>
  SECTIONS.flatMap((section) => [...edge[section]].flatMap(([file, { size }]) => (size === 0 ? [] : [file])));

export const isEmptyEdge = (edge: EdgeEntries): boolean => filesOfEdge(edge).length === 0;

export interface EdgeChange {
  readonly section: Section;
  readonly file: string;
  /** The source or the rpc. */
  readonly name: string;
}

/** The first that differs. */
export function changedEdge(old: EdgeEntries, next: EdgeEntries): EdgeChange | undefined {
  for (const section of SECTIONS)
    for (const file of [...new Set([...next[section].keys(), ...old[section].keys()])].sort()) {
      const [before, after] = [old[section].get(file), next[section].get(file)];
      for (const name of [...new Set([...(before?.keys() ?? []), ...(after?.keys() ?? [])])].sort())
        if (JSON.stringify(before?.get(name)) !== JSON.stringify(after?.get(name))) return { section, file, name };
    }
  return undefined;
}

/** Returns the place in the options of a change; undefined: the options no longer contain it. */
export function placeOfEdge(model: Model, { section, file, name }: EdgeChange): Origin | undefined {
  if (section === "identities") {
    const declaring = model.files.find(({ desc }) => desc.proto.name === file)?.desc.proto.package;
    const identity = model.packages.find((bffPackage) => bffPackage.name === declaring)?.identity;
    return (identity?.sources.find((source) => source.name === name) ?? identity)?.ir.at;
  }
  if (section === "reveals") return model.ir.files.flatMap(revealsIn).find(({ place }) => place === name)?.reason.at;
  const isRpc = ({ desc, rpc }: { desc: { typeName: string }; rpc: { desc: { name: string } } }): boolean =>
    `${desc.typeName}/${rpc.desc.name}` === name;
  if (section === "permits") return model.permits.find(isRpc)?.at;
  const limits = model.limits.find(isRpc);
  return limits?.uses.findLast(({ of }) => of === "rpc")?.ir.at ?? limits?.uses[0]?.ir.at;
}

// Permits, as the lock records them: a widened permit is a difference that a reviewer sees.

/** As written in the lock. */
interface LockedPermit {
  /** Callers need no credentials. */
  readonly public?: true;
  /** Any of these. */
  readonly sources?: readonly string[];
  /** All of these. */
  readonly scopes?: readonly string[];
  /** Any role of each list. */
  readonly roles?: readonly (readonly string[])[];
  /** All of these hold. */
  readonly if?: readonly string[];
}
/** Returns the permit in force. A permit without sources accepts all sources. */
function lockedPermit(permit: Permit, { packages }: Pick<Model, "packages">): LockedPermit {
  if (permit.public !== undefined) return { public: true };
  const { sources, scopes, roles, conditions } = permit;
  const identity = packages.find(({ name }) => name === permit.file.desc.proto.package)?.identity;
  const all = sources ?? identity?.sources.map(({ name }) => name) ?? [];
  const texts = conditions.flatMap(({ source }) => (source.kind === "guard" ? [source.if.text.value] : []));
  return {
    sources: [...all].sort(),
    ...(scopes.length > 0 && { scopes: [...scopes].sort() }),
    ...(roles.length > 0 && { roles: roles.map((any) => [...any].sort()) }),
    ...(texts.length > 0 && { if: texts }),
  };
}
