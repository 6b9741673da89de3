// Simulations of a generated BFF, for `protobff plan whatif`.
export { InputError } from "./input-error.ts";
export type { PlayModule } from "./play-module.ts";
export type { Estimate } from "./result/estimate.ts";
export * from "./result/simulate.ts";
export { latencyTable, tableText } from "./result/table.ts";
export { type DeclaredSetting, optionDiff } from "./tune/option-diff.ts";
export { candidatesFor, type Evaluate, type Score, scoreOf, type Tuned, type TuneLimits, tune } from "./tune/tune.ts";
export { type Changes, type PlanChange, parseChanges } from "./world/parse-changes.ts";
export { MAX_LATENCIES_BYTES, parseLatencies } from "./world/read-latencies.ts";
export { type QueryPrometheus, readPrometheus } from "./world/read-prometheus.ts";
export { MAX_TRACES_BYTES, parseTraces } from "./world/read-traces.ts";
export {
  type CallWorld,
  isSent,
  joined,
  type PlannedRpc,
  type RpcWorld,
  type World,
  type WorldEdit,
  worldFor,
} from "./world/world.ts";
