// Arguments of `npm run fuzz`.
import { parseArgs } from "node:util";

export interface FuzzOptions {
  readonly scenario: Scenario;
  readonly cases: number;
  readonly seed: number;
  readonly only: number | undefined;
  readonly base: string;
  /** HTTP/2 implementation towards clients, for scenario `frames`. */
  readonly framing: "own" | "node";
}
export type Scenario = keyof typeof USUAL;

/** Default number of cases of each scenario. */
const USUAL = {
  compiler: 100_000,
  rich: 20_000,
  answers: 5000,
  fresh: 10_000,
  masks: 5000,
  subsets: 2000,
  sensitive: 10_000,
  missing: 20_000,
  mistakes: 2000,
  server: 20_000,
  frames: 1_000_000,
  against: 200,
} as const;

export const USAGE = `usage: npm run fuzz -- [${Object.keys(USUAL).join(" | ")}] [options]
  --cases <count>         default: ${Object.entries(USUAL)
    .map(([name, count]) => `${name} ${count.toLocaleString("en")}`)
    .join(", ")}
  --seed <number>         default: 1
  --only <case>           one case, by its number
  --base <part of name>   compiler: of these bases alone
  --framing own | node    frames: whose HTTP/2 towards clients; default: own`;

/** Parses the arguments. Undefined: print the usage; a sentence: the error in them. */
export function parseOptions(args: readonly string[]): FuzzOptions | undefined | string {
  const parsed = parse(args);
  if (typeof parsed === "string") return parsed;
  const { values, positionals } = parsed;
  if (values.help) return undefined;
  const [scenario = "compiler", more] = positionals;
  if (!isScenario(scenario)) return `There is no scenario "${scenario}".`;
  if (more !== undefined) return `One scenario at a time, without "${more}".`;
  const { base, framing, seed, only, cases = String(USUAL[scenario]) } = values;
  if (framing !== "own" && framing !== "node") return `--framing is "own" or "node", not "${framing}".`;
  for (const [name, value = "0"] of Object.entries({ cases, seed, only }))
    if (!/^\d+$/.test(value)) return `--${name} is a number, not "${value}".`;
  const alone = only === undefined ? undefined : Number(only);
  return { scenario, cases: Number(cases), seed: Number(seed), only: alone, base, framing };
}
const isScenario = (name: string): name is Scenario => Object.hasOwn(USUAL, name);

function parse(args: readonly string[]) {
  const options = {
    cases: { type: "string" },
    seed: { type: "string", default: "1" },
    only: { type: "string" },
    base: { type: "string", default: "" },
    framing: { type: "string", default: "own" },
    help: { type: "boolean", short: "h", default: false },
  } as const;
  try {
    return parseArgs({ args: [...args], allowPositionals: true, options });
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
