// `@protobff/runtime/limits`: counters of rate limits and quotas.
export { type OpenLimitsOptions, openLimits } from "../environment/open-limits.ts";
export type { Limits } from "../limits/limits.ts";
export type { RateLimit } from "../limits/rate-limit.ts";
