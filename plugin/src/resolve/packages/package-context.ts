// Declarations of a package's files and their imports that apply to all of its expressions.
import { TimestampSchema } from "@bufbuild/protobuf/wkt";
import { checkAdaptiveEntries } from "../policies/adaptive.ts";
import { checkAmounts } from "../policies/amounts.ts";
import { checkAgreement, governing } from "../policies/entries.ts";
import type { PackageContext, Run } from "../steps/context.ts";
import { packageEnv } from "./env.ts";
import { resolveHosts } from "./hosts.ts";
import { identityOf } from "./identity.ts";
import { agreedFunctions } from "./package-functions.ts";

export function packageContext(run: Run, name: string): PackageContext {
  const known = run.packages.get(name);
  if (known !== undefined) return known;
  const rules = governing(run.ir, name);
  for (const entry of rules.declaredEntries) checkAmounts(entry, rules.env, run.report);
  checkAgreement(rules.entries, run.report);
  checkAdaptiveEntries(rules.entries, run.report);
  const timestamp = run.ir.registry.getMessage(TimestampSchema.typeName) ?? TimestampSchema;
  const identified = rules.identities.length > 0;
  const env = packageEnv(run, rules.env);
  const plain = {
    governing: rules,
    ...env,
    hosts: resolveHosts(rules.hosts, env.env, run.report),
    ...agreedFunctions(rules.functions, run.functions, run.report),
    now: {
      name: "now",
      role: "now",
      type: { kind: "message", desc: timestamp },
      proto: { kind: "message", desc: timestamp },
      absent: false,
    },
    identified,
  } satisfies Omit<PackageContext, "identity">;
  // A source reads `env` of this package or of another one.
  run.packages.set(name, { ...plain, identity: undefined });
  const identity = identityOf(run, rules.identities, (other) => packageContext(run, other));
  const context: PackageContext = { ...plain, identity };
  run.packages.set(name, context);
  return context;
}
