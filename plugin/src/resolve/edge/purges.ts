// Purges on events of NATS.
import type { IrPurge } from "../../ir/edge.ts";
import type { IrFile } from "../../ir/ir.ts";
import type { BffPackage, Purge } from "../model/model.ts";
import { lookupMessage } from "../names/lookup.ts";
import { packageContext } from "../packages/package-context.ts";
import { messageVariable } from "../packages/request-scope.ts";
import { holeOf, tagOf } from "../policies/tags.ts";
import type { MessageScope } from "../scope/scope.ts";
import type { Run } from "../steps/context.ts";

/** Resolves the purges that govern each package. A purge with a fault is left out. */
export function resolvePurges(run: Run, packages: readonly BffPackage[]): readonly Purge[] {
  const found = new Map<IrPurge, { readonly file: IrFile; readonly packages: Set<string> }>();
  for (const { name } of packages)
    for (const { purge, file } of packageContext(run, name).governing.purges) {
      const known = found.get(purge) ?? { file, packages: new Set<string>() };
      found.set(purge, known);
      known.packages.add(name);
    }
  return [...found].flatMap(([ir, { file, packages }]) => {
    const type = lookupMessage(run.ir, ir.type, file.desc.proto.package, run.report);
    if (type === undefined) return [];
    const scope = scopeOf(run, file, type);
    const tags = ir.tags.flatMap((text) => tagOf(text, (part) => holeOf(scope, part)) ?? []);
    return tags.length < ir.tags.length ? [] : [{ ir, file, type, tags, packages }];
  });
}

/** Returns a scope with the event alone. */
function scopeOf(run: Run, file: IrFile, type: Purge["type"]): MessageScope {
  const [steps, broken] = [new Map(), new Set<string>()];
  return {
    registry: run.ir.registry,
    container: file.desc.proto.package,
    enums: run.enums,
    observe: run.observe,
    report: run.report,
    builtins: new Map([["event", messageVariable("event", "item", type)]]),
    steps,
    stepOf: new Map(),
    broken,
    offered: [],
    brokenArgs: new Set(),
    brokenEnv: new Set(),
    functions: [],
    brokenFunctions: new Set(),
    known: new Set(),
    shared: { steps, broken },
  };
}
