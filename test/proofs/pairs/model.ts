// The features of a BFF as factors: options, variables and faults.
import { POLICIES } from "./levels/call-levels.ts";
import { CALLERS, IDENTIFY } from "./levels/credential-levels.ts";
import { EDGE, VARIABLES } from "./levels/edge-levels.ts";
import { LANGUAGE } from "./levels/page-levels.ts";
import type { Factor, Level } from "./parts.ts";
import { FAULTS } from "./upstream.ts";

/** The fault of prices. */
const FAULT: Factor = {
  name: "fault",
  levels: FAULTS.map((name) => ({ name, parts: {} })),
};

export const FACTORS: readonly Factor[] = [
  ...POLICIES,
  ...LANGUAGE,
  IDENTIFY,
  ...EDGE,
  ...CALLERS,
  ...VARIABLES,
  FAULT,
];
/** Factors of which each three are combined. */
export const CORE: readonly string[] = [
  "cache",
  "hedge",
  "branch",
  "each",
  "mask",
  "later",
  "identity",
  "rate limit",
  "rpc cache",
  "capture",
  "workers",
  "redis",
  "on_error",
  "effect",
  "fault",
];

/** The choice of each factor by its name. */
export type Choice = ReadonlyMap<string, Level>;
