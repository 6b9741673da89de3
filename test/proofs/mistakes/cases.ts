// Valid BFFs, and the cases of a run: each is one edit of one of them.
import type { FileRegistry } from "@bufbuild/protobuf";
import { goldenCases, parameterOf } from "../../support/golden.ts";
import { requestFor, schemaOf } from "../../support/request.ts";
import { together } from "../../support/together.ts";
import { BASES, SHARED } from "../fuzz/bases.ts";
import { pick, randomFrom } from "../fuzz/random.ts";
import { richCase } from "../fuzz/rich/rich.ts";
import { type Compiled, compiled, type Protos, unusedBy } from "./compiled.ts";
import { applied, type Edit, editOf } from "./edits.ts";
import { optionFields, type Site, sitesOf } from "./sites.ts";

export interface Base {
  readonly name: string;
  readonly protos: Protos;
  readonly parameter: string;
  readonly unused: ReadonlySet<string>;
  readonly compiled: Compiled;
  /** Everything that is generated from it. */
  readonly output: () => string;
}

interface Place {
  readonly base: Base;
  readonly file: string;
  readonly site: Site;
  readonly all: readonly Site[];
}

export interface Case extends Omit<Place, "site" | "all"> {
  readonly index: number;
  readonly edit: Edit;
  readonly protos: Protos;
}

export interface Sources {
  readonly bases: readonly Base[];
  readonly places: ReadonlyMap<string, readonly Place[]>;
  /** Fields of options that no valid BFF sets. */
  readonly unused: readonly string[];
}

/** Random BFFs beside those of the tests. */
const RANDOM = 10;
/** Options that no other valid BFF has: in a text of one, another text. */
const ADDED: readonly (readonly [base: string, from: string, to: string])[] = [
  ["emit/identity-sources", 'scope: ["offline_access"]', 'scope: ["offline_access"] cookie: "__Host-shop"'],
  ["emit/identity-sources", 'cookie: "__Host-shop-token" subject', 'header: "x-user-token" subject'],
  ["emit/identity-sources", 'assertion: { issuer: "mobile"', 'assertion: { issuer: "mobile" header: "x-mobile-bin"'],
  [
    "emit/read-only",
    '"desk.v1.DeskService/TakeDesk" read_only: false',
    '"desk.v1.DeskService/TakeDesk" read_only: false idempotent: true',
  ],
  ["emit/stream", 'var: "item"', 'var: "item" ahead: 8'],
];
const SUITES = ["cookbook", "deploy", "dashboards", "openapi"];

/**
 * Compiles all valid BFFs. Those of goldens that have an error are left out.
 *
 * @param share 3 for a third of them
 */
export function sourcesOf(seed: number, share = 1): Sources {
  const goldens = SUITES.flatMap(goldenCases).map(({ archive, protos }) => ({ name: archive, protos }));
  // The names of their files and packages must be longer than two letters to be built together.
  const random = Array.from({ length: RANDOM }, (_, i) => ({ name: `random-${i}`, ...richCase(seed, 100 + i) }));
  const added = BASES.map(({ name, protos }) => ({ name: `${name}+`, protos: withAdded(name, protos) }));
  const all = [...BASES, ...added, ...goldens, ...random].filter(
    ({ name, protos }, i) => Object.keys(protos).length > 0 && (name.endsWith("+") || i % share === seed % share),
  );
  together(
    SHARED,
    all.map(({ protos }) => protos),
  );
  const bases = all.flatMap(({ name, protos }): readonly Base[] => {
    const parameter = withPlan(parameterOf({ protos }));
    const unused = unusedBy(protos);
    const result = compiled(protos, parameter, unused);
    if (typeof result === "string" || result.hasErrors) return [];
    let output: string | undefined;
    return [{ name, protos, parameter, unused, compiled: result, output: () => (output ??= result.output()) }];
  });
  const registry = registryOf(bases);
  const places = bases.flatMap((base) =>
    Object.entries(base.protos).flatMap(([file, text]) => {
      const all = sitesOf(text, registry);
      return all.map((site) => ({ base, file, site, all }));
    }),
  );
  const byField = Map.groupBy(places, ({ site }) => site.field);
  return { bases, places: byField, unused: optionFields(registry).filter((name) => !byField.has(name)) };
}

/** Returns no files for a BFF without an addition. */
function withAdded(base: string, protos: Protos): Protos {
  const changes = ADDED.filter(([name]) => name === base);
  if (changes.length === 0) return {};
  const all = Object.entries(protos).map(([file, text]) => {
    const added = changes.reduce((so, [, from, to]) => so.replace(from, to), text);
    return [file, added] as const;
  });
  return Object.fromEntries(all);
}

const withPlan = (parameter: string): string =>
  /(^|,)plan=/.test(parameter) ? parameter : `${parameter},plan=json+text`;

function registryOf(bases: readonly Base[]): FileRegistry {
  const [base] = bases;
  if (base === undefined) throw new Error("no BFF is valid");
  return schemaOf(requestFor({ ...SHARED, ...base.protos })).registry;
}

const sizeOf = (place: Place | undefined): number => place?.all.length ?? 0;

/** Returns the case of a number: fields of options take turns. */
export function caseOf({ places }: Sources, seed: number, index: number): Case | undefined {
  const random = randomFrom(Math.imul(seed, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b));
  const candidates = [...places.values()][(index + seed) % places.size] ?? [];
  for (let tries = 0; tries < 40; tries++) {
    // The smaller of two: it compiles faster, and is easier to read.
    const [place] = [pick(candidates, random), pick(candidates, random)].sort((a, b) => sizeOf(a) - sizeOf(b));
    const text = place?.base.protos[place.file];
    if (place === undefined || text === undefined) return undefined;
    const edit = editOf(text, place.site, place.all, random);
    if (edit === undefined) continue;
    const protos = { ...place.base.protos, [place.file]: applied(text, edit.changes) };
    return { index, base: place.base, file: place.file, edit, protos };
  }
  return undefined;
}
