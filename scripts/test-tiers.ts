// The tiers of tests, each a command of package.json, and the groups of files that vitest runs in each.
export const TIERS = ["quick", "processes", "system", "corpora"] as const;
export type Tier = (typeof TIERS)[number];

/** Files, as globs, that run under the same conditions. */
export interface Group {
  readonly name: string;
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  /** Files share a worker and its modules: they restore what they patch, and replace no module. */
  readonly shared?: true;
  /** One file at a time, after all other groups, so that deadlines hold. */
  readonly alone?: true;
}

const SUFFIXED = ["**/*.system.test.ts", "**/*.corpora.test.ts"];
const ALL = ["{cli,client,examples,packages,plugin,runtime,scripts,test}/**/*.test.ts"];
/** Start processes, replace modules, load the machine, measure memory or time, or take minutes. */
const PROCESSES = [
  "**/*.{processes,alone}.test.ts",
  "cli/src/{buf-plugin,commands/init/init,golden/golden,lsp/edits,lsp/server,lsp/workspace/heap,lsp/features/actions}.test.ts",
  "client/src/follow.test.ts",
  "examples/{cli,tv}/*.test.ts",
  "plugin/src/{plugin-main,cel/property}.test.ts",
  "{packages,runtime}/**/{server-shutdown,serve,serve-identity,serve-metrics,turn-queue,warm-up}.test.ts",
  "{packages,runtime}/**/{backpressure,connections,over-node,over-node-http2}.test.ts",
  "{packages,runtime}/**/memory/*.test.ts",
];
/** Start no processes, but take more than four seconds each: `npm test` is to take less than four minutes. */
const SLOW = [
  "cli/src/{contract/check-contract,contract/replay,project/upstream-protos,routes/routes}.test.ts",
  "packages/server/src/{caller-gate,listen,raw-clients,tokens-and-keys}.test.ts",
  "packages/server/src/{adapter/connect-adapter,explorer/explorer,overload/overloaded-server,process/admin}.test.ts",
  "packages/server/src/{session/session,streams/account,streams/streams,telemetry/otlp}.test.ts",
  "packages/server/src/http2/{client-sessions,closed-streams,own-bodies}.test.ts",
  "plugin/src/resolve/rules/cel/cel-rule.test.ts",
  "runtime/src/{call/two-callers,expressions/text/regex,identity/assertion/assertion,identity/jwt/key-set}.test.ts",
  "runtime/src/transport/grpc/{flow-control,frame-fuzz,grpc-js}.test.ts",
  "test/features/{compiler/{colliding-names,deep},deploy/deploy,diagnostics/{early-diagnostics,no-warnings}}.test.ts",
  "test/features/{diff/diff,lock/{random-drift,stale},masks/kept-steps,openapi/openapi,paging/paging,plan/plan}.test.ts",
  "test/features/{rest/client-calls,telemetry/dashboards,validation/validation,versions/deprecated-fields}.test.ts",
  "test/proofs/{oracle/by-hand/{outcomes,second},prior-art/prior-art}.test.ts",
  "test/proofs/random/{random-anonymous,random-callers,random-lists}.test.ts",
];
/** Have deadlines that a busy machine could miss. */
const ALONE = ["**/*.alone.test.ts", "packages/server/src/server-shutdown.test.ts"];
/** Attacks run alone when the latency of a normal client beside them is measured. */
const ATTACKS = process.env.ATTACK_FIGURES ? ["test/proofs/corpora/attacks/*.corpora.test.ts"] : [];

export const GROUPS: Readonly<Record<Tier, readonly Group[]>> = {
  quick: [{ name: "quick", include: ALL, exclude: [...SUFFIXED, ...PROCESSES, ...SLOW], shared: true }],
  processes: [
    { name: "slow", include: SLOW, exclude: [], shared: true },
    { name: "side by side", include: PROCESSES, exclude: [...SUFFIXED, ...ALONE] },
    { name: "alone", include: ALONE, exclude: SUFFIXED, alone: true },
  ],
  system: [{ name: "system", include: ["**/*.system.test.ts"], exclude: [] }],
  corpora: [
    { name: "corpora", include: ["**/*.corpora.test.ts"], exclude: ATTACKS },
    ...(ATTACKS.length > 0 ? [{ name: "attacks", include: ATTACKS, exclude: [], alone: true as const }] : []),
  ],
};

/** The tier that PROTOBFF_TIER names; every tier if it is unset, so that any file runs by its path. */
export function tiersOf(name: string | undefined): readonly Tier[] {
  if (name === undefined) return TIERS;
  const tier = TIERS.find((candidate) => candidate === name);
  if (tier === undefined) throw new Error(`PROTOBFF_TIER is "${name}"; tiers are ${TIERS.join(", ")}`);
  return [tier];
}
