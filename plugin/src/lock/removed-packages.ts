// Reports the removal of an upstream package as one change, for any number of its types that the BFF names.
import type { Registry } from "@bufbuild/protobuf";
import type { Diagnostic } from "../diagnostic/diagnostic.ts";
import { inOrder } from "../diagnostic/order.ts";
import { ELSEWHERE } from "../resolve/names/missing-imports.ts";
import type { Drift, DriftContext } from "./drift.ts";

/** Folds the drifts of removed elements of one package into one, if nothing of that package is left. */
export function foldRemovedPackages(all: readonly Drift[], around: DriftContext): readonly Drift[] {
  const drifts = all.filter((drift) => !isElsewhere(drift));
  const present = new Set([...around.registry].map((type) => type.file.proto.package));
  const byPackage = new Map<string, Drift[]>();
  for (const drift of drifts) {
    const name = drift.missing === undefined ? undefined : packageOf(drift.missing);
    if (name !== undefined && !present.has(name)) byPackage.set(name, [...(byPackage.get(name) ?? []), drift]);
  }
  const folded = [...byPackage].flatMap(([name, group]) => {
    const drift = fold(name, group, around);
    return drift === undefined ? [] : [{ drift, group }];
  });
  const replaced = new Set(folded.flatMap(({ group }) => group));
  return [...drifts.filter((drift) => !replaced.has(drift)), ...folded.map(({ drift }) => drift)];
}

/**
 * Returns true for an element of another directory, which a run of one directory does not see. That is one mistake and
 * no change of the upstream.
 */
function isElsewhere({ missing, explains }: Drift): boolean {
  return missing !== undefined && explains.length > 0 && explains.every(({ hint }) => hint === ELSEWHERE);
}

/** Returns the parts before the first that begins with a capital letter, as types do; undefined if there are none. */
function packageOf(type: string): string | undefined {
  return /^((?:[^.A-Z][^.]*\.)+)[A-Z]/.exec(type)?.[1]?.slice(0, -1);
}

function fold(name: string, group: readonly Drift[], { errors, registry }: DriftContext): Drift | undefined {
  // Errors at all places where the BFF names something of the package.
  const naming = inOrder(errors.filter(({ code, message }) => NAMING.test(code) && message.includes(`"${name}.`)));
  const [first, ...others] = naming;
  if (first === undefined || others.length === 0) return undefined;
  const diagnostic: Diagnostic = {
    code: "BFF911",
    severity: "error",
    message: `upstream package "${name}" was removed or renamed, or its files are not part of this run`,
    at: first.at,
    related: others.map(({ at, message }) => ({ at, message })),
    hint: hintFor(name, naming, registry),
  };
  const same = new Set(naming.map(keyOf));
  const explains = [...group.flatMap((drift) => drift.explains), ...errors.filter((error) => same.has(keyOf(error)))];
  return { diagnostic, explains };
}

/** Errors about names. */
const NAMING = /^BFF(201|3\d\d)$/;
const keyOf = ({ code, message, at }: Diagnostic): string =>
  JSON.stringify([code, message, at.file, at.line, at.column, at.endColumn]);

/** Names the only package that has all that is missed. */
function hintFor(name: string, naming: readonly Diagnostic[], registry: Registry): string {
  const missed = naming.flatMap(({ message }) =>
    [...message.matchAll(/"([^"]+)"/g)].flatMap(([, quoted = ""]) =>
      quoted.startsWith(`${name}.`) ? [quoted.slice(name.length)] : [],
    ),
  );
  const others = new Set([...registry].map((type) => type.file.proto.package));
  const like = [...others].filter((other) => missed.every((rest) => registry.get(`${other}${rest}`) !== undefined));
  const [only] = like;
  if (only !== undefined && like.length === 1) return `write "${only}" in place of "${name}"`;
  return "use its replacement, or make its files visible to this run";
}
