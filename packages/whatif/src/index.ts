// Simulations of a generated BFF, for `protobff whatif`.
export { InputError } from "./input-error.ts";
export type { PlayModule } from "./play-module.ts";
export type { Estimate } from "./result/estimate.ts";
export type { CallResult, Cause, RpcResult, Simulation, SimulationOptions } from "./result/simulate.ts";
export { simulate } from "./result/simulate.ts";
export { tableText } from "./result/table.ts";
export { type Changes, type PlanChange, parseChanges } from "./world/parse-changes.ts";
export { MOST_LATENCIES_BYTES, parseLatencies } from "./world/read-latencies.ts";
export {
  type CallWorld,
  isSent,
  type PlannedRpc,
  type RpcWorld,
  type World,
  type WorldEdit,
  worldFor,
} from "./world/world.ts";
