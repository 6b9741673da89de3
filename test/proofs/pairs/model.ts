// The features of a BFF as factors: options, variables and faults.
import { POLICIES } from "./call-levels.ts";
import { EDGE, VARIABLES } from "./edge-levels.ts";
import { LANGUAGE } from "./page-levels.ts";
import type { Factor, Level } from "./parts.ts";
import { FAULTS } from "./upstream.ts";

/** The fault of prices. */
const FAULT: Factor = {
  name: "fault",
  levels: FAULTS.map((name) => ({ name, parts: {} })),
};

export const FACTORS: readonly Factor[] = [...POLICIES, ...LANGUAGE, ...EDGE, ...VARIABLES, FAULT];
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
