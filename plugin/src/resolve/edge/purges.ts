// Purges on events of NATS.
import type { IrPurge } from "../../ir/edge.ts";
import type { IrFile } from "../../ir/ir.ts";
import type { BffPackage, Purge } from "../model/model.ts";
import { lookupMessage } from "../names/lookup.ts";
import { packageContext } from "../packages/package-context.ts";
import { NO_FUNCTIONS, packageScope } from "../packages/package-scope.ts";
import { messageVariable } from "../packages/rpc-context.ts";
import { holeOf, tagOf } from "../policies/tags.ts";
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
    const builtins = new Map([["event", messageVariable("event", "item", type)]]);
    const scope = packageScope(run, file, NO_FUNCTIONS, { report: run.report, builtins, brokenEnv: new Set() });
    const tags = ir.tags.flatMap((text) => tagOf(text, (part) => holeOf(scope, part)) ?? []);
    return tags.length < ir.tags.length ? [] : [{ ir, file, type, tags, packages }];
  });
}
