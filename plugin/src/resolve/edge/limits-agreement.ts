// Finds the limits that govern an RPC, and checks that limits of one name share one counter.

import { fault, type Origin } from "../../diagnostic/diagnostic.ts";
import type { IrRateLimit } from "../../ir/edge.ts";
import type { IrMethod, IrService } from "../../ir/ir.ts";
import { packageContext } from "../packages/package-context.ts";
import { boundLimit, checkLimitAmounts } from "../policies/amounts.ts";
import type { PackageContext, Run } from "../steps/context.ts";

export interface DeclaredLimit {
  readonly limit: IrRateLimit;
  readonly of: "file" | "service" | "rpc";
}

/** The widest first; all apply. */
export function limitsOf({ governing }: PackageContext, service: IrService, method: IrMethod): DeclaredLimit[] {
  const all = [
    ...governing.limits.map((limit) => ({ limit, of: "file" }) as const),
    ...service.limits.map((limit) => ({ limit, of: "service" }) as const),
    ...method.limits.map((limit) => ({ limit, of: "rpc" }) as const),
  ];
  return all.flatMap(({ limit: declared, of }) => {
    const limit = boundLimit(declared, governing.env);
    return limit === undefined ? [] : [{ limit, of }];
  });
}

/** The number, or the variable that has it. */
const textOf = ({ value, env }: Pick<IrRateLimit["per"], "value" | "env">, unit = ""): string =>
  env === undefined ? `${value}${unit}` : `env.${env.name}`;

/** Leaves in which limits of one name must agree. */
const LEAVES: readonly {
  readonly name: string;
  readonly get: (limit: IrRateLimit) => string;
  readonly at: (limit: IrRateLimit) => Origin | undefined;
}[] = [
  { name: "rate", get: ({ rate }) => textOf(rate), at: ({ rate }) => rate.at },
  {
    name: "per",
    get: ({ per }) => (typeof per.value === "string" ? per.value : textOf(per, " ms")),
    at: ({ per }) => per.at,
  },
  { name: "burst", get: ({ burst, rate }) => textOf(burst ?? rate), at: ({ burst }) => burst?.at },
  { name: "local", get: ({ local }) => String(local), at: ({ sources }) => sources.local?.at },
  { name: "closed", get: ({ closed }) => String(closed), at: ({ sources }) => sources.closed?.at },
  { name: "lease", get: ({ lease }) => String(lease?.value ?? "none"), at: ({ lease }) => lease?.at },
  { name: "dry_run", get: ({ dryRun }) => String(dryRun), at: ({ sources }) => sources.dryRun?.at },
];

/** Reports limits of one name in one package that disagree about their counter. */
export function checkLimitsAgree(run: Run): void {
  const reported = new Set<IrRateLimit>();
  const packages = new Map<string, IrService[]>();
  for (const { desc, services } of run.ir.files) {
    const name = desc.proto.package;
    if (services.length > 0) packages.set(name, [...(packages.get(name) ?? []), ...services]);
  }
  for (const [name, services] of packages) {
    const { governing } = packageContext(run, name);
    const serviceLimits = services.flatMap(({ limits, methods }) => [
      ...limits,
      ...methods.flatMap((method) => method.limits),
    ]);
    const first = new Map<string, IrRateLimit>();
    for (const limit of [...governing.limits, ...serviceLimits]) {
      checkLimitAmounts(limit, governing.env, run.report);
      const earlier = first.get(limit.name.value);
      if (earlier === undefined) first.set(limit.name.value, limit);
      else if (!reported.has(limit) && compare(run, earlier, limit)) reported.add(limit);
    }
  }
}

function compare({ report }: Run, earlier: IrRateLimit, limit: IrRateLimit): boolean {
  const leaf = LEAVES.find(({ get }) => get(earlier) !== get(limit));
  if (leaf === undefined) return false;
  const { name } = limit;
  fault(report, "BFF244", leaf.at(limit) ?? name.at, {
    message: `two limits have the name "${name.value}", but different values of \`${leaf.name}\`: ${leaf.get(earlier)} and ${leaf.get(limit)}`,
    related: [{ at: leaf.at(earlier) ?? earlier.name.at, message: `${leaf.get(earlier)} here` }],
    hint: "set the same values, or give one of the limits another name: limits with one name share a counter",
  });
  return true;
}
