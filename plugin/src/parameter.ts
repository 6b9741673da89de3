import { CODES as expressionCodes } from "./cel/syntax/codes.ts";
import { didYouMean } from "./diagnostic/did-you-mean.ts";
import type { Format } from "./diagnostic/render.ts";
import { CODES as driftCodes } from "./lock/codes.ts";
import { declarationCodes } from "./read/codes.ts";
import { CODES as resolveCodes } from "./resolve/codes.ts";
import type { ServersWanted } from "./resolve/model/server-paths.ts";

/** The plugin's options, as in `opt:` of buf.gen.yaml. */
export interface Parameter {
  /** The given options that decide what is generated, as in `opt:`. Those that say how to check and report leave no trace in files. */
  readonly shaping: string;
  /** What import specifiers of generated files end in; "none" by default, as in protoc-gen-es. */
  readonly importExtension: "ts" | "js" | "none";
  /** For which packages with BFF services to emit a `server.ts`. */
  readonly server: ServersWanted;
  readonly errorFormat: Format;
  /** Where to write all diagnostics as a document, from the working directory. */
  readonly errorOutput: string | undefined;
  /** The file of the lock, from the working directory. */
  readonly lock: string;
  /** Whether changes of upstreams are reported, or accepted into the lock. */
  readonly lockMode: "check" | "update";
  /** The forms in which to write the plan beside the output. */
  readonly plan: ReadonlySet<PlanFormat>;
  /** What a BFF may decide by itself before a warning says so. */
  readonly weight: WeightBudget;
  /** Whether to write an OpenAPI document of each server; "rest": with the paths of google.api.http alone. */
  readonly openapi: boolean | "rest";
  /** Whether to write mocks of what each file with services calls. */
  readonly mock: boolean;
  /** Whether servers have their plan beside them, for the live page. */
  readonly explorer: boolean;
  /** For which runner to write tests of faults on mocks. */
  readonly faults: FaultRunner | undefined;
  /** For what to write files that run each server that is generated. */
  readonly deploy: ReadonlySet<Deploy>;
  /** For what to write what watches each server. */
  readonly dashboards: ReadonlySet<Dashboards>;
  /** Codes whose errors are only warnings here: "BFF501", or "BFF501@web/v1/web.proto" for one file. */
  readonly warn: ReadonlySet<string>;
  /** Codes whose warnings are errors here. */
  readonly error: ReadonlySet<string>;
  /** Codes whose warnings are left out. */
  readonly off: ReadonlySet<string>;
}

export type PlanFormat = (typeof OUTPUTS.plan)[number];
/** `overlap` in per cent; what is left out has no bound. */
export type WeightBudget = { readonly [of in (typeof WEIGHED)[number]]?: number };
const WEIGHED = ["logic", "overlap", "headers"] as const;
export type FaultRunner = "vitest" | "node";
export type Deploy = (typeof OUTPUTS.deploy)[number];
export type Dashboards = (typeof OUTPUTS.dashboards)[number];

/** Options that are lists of names, and these. */
const OUTPUTS = {
  plan: ["json", "mermaid", "text", "weight", "faults"],
  deploy: ["docker", "kubernetes"],
  dashboards: ["grafana", "prometheus"],
} as const;

const names = [
  "import_extension",
  "server",
  "lock",
  "lock_mode",
  "plan",
  "weight",
  "openapi",
  "mock",
  "explorer",
  "faults",
  "deploy",
  "dashboards",
  "error_format",
  "error_output",
  "warn",
  "error",
  "off",
] as const;

/** What decides what `.ts` files say. */
const SHAPING: ReadonlySet<string> = new Set(["import_extension", "server", "mock", "explorer", "faults"]);

/**
 * Reads the parameter of a CodeGeneratorRequest: `name=value`, separated by commas. Lists of codes and of outputs are separated
 * by `+`, or by commas like everything else (`warn=BFF501,BFF502`). Each fault is a sentence; faulty options keep their defaults.
 * Long, for it is a table of the options.
 */
export function parseParameter(raw: string): { readonly parameter: Parameter; readonly faults: readonly string[] } {
  const faults: string[] = [];
  const warn = new Set<string>();
  const error = new Set<string>();
  const off = new Set<string>();
  const shaping: string[] = [];
  let importExtension: Parameter["importExtension"] = "none";
  let each = false;
  const servers = new Set<string>();
  let errorFormat: Format = "text";
  let errorOutput: string | undefined;
  let lock = "bff.lock.json";
  let lockMode: Parameter["lockMode"] = "check";
  const plan = new Set<PlanFormat>();
  const weight: { -readonly [of in keyof WeightBudget]: WeightBudget[of] } = {};
  let openapi: Parameter["openapi"] = false;
  let mock = false;
  let explorer = false;
  let runner: FaultRunner | undefined;
  const deploy = new Set<Deploy>();
  const dashboards = new Set<Dashboards>();
  /** What adds to the list that stands before, where this bare name is one for it. */
  let list: ((name: string) => readonly string[] | undefined) | undefined;

  for (const option of raw.split(",").map((part) => part.trim())) {
    if (option === "") continue;
    const equals = option.indexOf("=");
    const name = equals === -1 ? option : option.slice(0, equals).trim();
    const value = equals === -1 ? undefined : option.slice(equals + 1).trim();
    const continued = value === undefined ? list?.(name) : undefined;
    if (continued !== undefined) {
      faults.push(...continued);
      continue;
    }
    list = undefined;
    if (SHAPING.has(name)) shaping.push(option);
    switch (name) {
      case "import_extension": {
        const extension = value?.replace(/^\./, "");
        if (extension === "ts" || extension === "js" || extension === "none") importExtension = extension;
        else faults.push(choose(name, value, ["ts", "js", "none"]));
        break;
      }
      case "server":
        if (value === undefined || value === "true" || value === "false") each = value !== "false";
        else for (const one of value.split("+")) faults.push(...addServer(one, servers));
        break;
      case "lock":
        if (value !== undefined && value !== "") lock = value;
        else faults.push(`option "lock" needs a path, as in "lock=bff.lock.json"`);
        break;
      case "lock_mode":
        if (value === "check" || value === "update") lockMode = value;
        else faults.push(choose(name, value, ["check", "update"]));
        break;
      case "plan":
        list = (more) => continueOutputs(name, more, plan);
        faults.push(...addOutputs(name, value, plan));
        break;
      case "weight":
        faults.push(...addWeights(value, weight));
        break;
      case "openapi":
        if (value === "rest") openapi = value;
        else if (value === undefined || value === "true" || value === "false") openapi = value !== "false";
        else faults.push(choose(name, value, ["true", "false", "rest"]));
        break;
      case "mock":
        if (value === undefined || value === "true" || value === "false") mock = value !== "false";
        else faults.push(choose(name, value, ["true", "false"]));
        break;
      case "explorer":
        if (value === undefined || value === "true" || value === "false") explorer = value !== "false";
        else faults.push(choose(name, value, ["true", "false"]));
        break;
      case "faults":
        if (value === "vitest" || value === "node") runner = value;
        else faults.push(choose(name, value, ["vitest", "node"]));
        break;
      case "deploy":
        list = (more) => continueOutputs(name, more, deploy);
        faults.push(...addOutputs(name, value, deploy));
        break;
      case "dashboards":
        list = (more) => continueOutputs(name, more, dashboards);
        faults.push(...addOutputs(name, value, dashboards));
        break;
      case "error_format":
        if (value === "text" || value === "github") errorFormat = value;
        else faults.push(choose(name, value, ["text", "github"]));
        break;
      case "error_output":
        if (value !== undefined && value !== "") errorOutput = value;
        else faults.push(`option "error_output" needs a path, as in "error_output=diagnostics.json"`);
        break;
      case "warn":
      case "error":
      case "off":
        list = (more) => (more.startsWith("BFF") ? addCodes(name, more, { warn, error, off }[name]) : undefined);
        faults.push(...addCodes(name, value ?? "", { warn, error, off }[name]));
        break;
      default: {
        const like = didYouMean(name, names);
        faults.push(
          `unknown option "${name}": ${like === undefined ? `the options are ${names.join(", ")}` : `did you mean "${like}"?`}`,
        );
      }
    }
  }
  if (explorer && !each && servers.size === 0)
    faults.push(`option "explorer" is for what "server" writes, and nothing is: write "server=true,explorer=true"`);
  if (runner !== undefined && !mock)
    faults.push(`option "faults" needs "mock=true" beside it: the tests that it writes run on mocks`);
  for (const code of warn) if (error.has(code)) faults.push(`${code} is in both "warn" and "error": leave out one`);
  for (const code of off) if (error.has(code)) faults.push(`${code} is in both "off" and "error": leave out one`);
  const lists = { warn, error, off };
  const reports = {
    errorFormat,
    errorOutput,
    lock,
    lockMode,
    plan,
    weight,
    openapi,
    mock,
    explorer,
    faults: runner,
    deploy,
    dashboards,
  };
  const server = { each, names: [...servers] };
  return { parameter: { shaping: shaping.join(","), importExtension, server, ...reports, ...lists }, faults };
}

/** `logic:40+overlap:60+headers:0` */
function addWeights(
  value: string | undefined,
  weight: { -readonly [of in keyof WeightBudget]: number },
): readonly string[] {
  return (value ?? "").split("+").flatMap((one) => {
    const [, of = "", most] = /^([a-z]+):(\d{1,6})$/.exec(one.trim()) ?? [];
    const known = WEIGHED.find((each) => each === of);
    if (known === undefined)
      return [`option "weight" has "${one}": write what may be of each, as in "weight=logic:40+overlap:60+headers:0"`];
    weight[known] = Number(most);
    return [];
  });
}

/** A package, or what names of packages begin with. */
function addServer(value: string, servers: Set<string>): readonly string[] {
  const like = didYouMean(value, ["true", "false"]);
  if (like !== undefined) return [`option "server" has "${value}": did you mean "${like}"?`];
  if (/^(yes|no|on|off)$/.test(value) || !/^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$/.test(value))
    return [`option "server" has "${value}": write true, false, or what packages are below, as in "server=web"`];
  servers.add(value);
  return [];
}

/** Names for what there is something to write for, separated by `+`. */
function addOutputs<K extends keyof typeof OUTPUTS>(
  option: K,
  value: string | undefined,
  found: Set<(typeof OUTPUTS)[K][number]>,
): readonly string[] {
  const known: readonly (typeof OUTPUTS)[K][number][] = OUTPUTS[option];
  if (value === undefined || value === "")
    return [
      `option "${option}" has no value: write ${known.join(" or ")}, or several, as in "${option}=${known.slice(0, 2).join("+")}"`,
    ];
  return value.split("+").flatMap((one) => {
    const output = known.find((each) => each === one);
    if (output !== undefined) found.add(output);
    return output === undefined ? [choose(option, one, known)] : [];
  });
}

/** A bare name behind the list: another entry, or one with an error in it; undefined: an option of its own. */
function continueOutputs<K extends keyof typeof OUTPUTS>(
  option: K,
  name: string,
  found: Set<(typeof OUTPUTS)[K][number]>,
): readonly string[] | undefined {
  const like = names.some((one) => one === name) ? undefined : didYouMean(name, OUTPUTS[option]);
  return OUTPUTS[option].some((one) => one === name) || like !== undefined
    ? addOutputs(option, name, found)
    : undefined;
}

function choose(name: string, value: string | undefined, values: readonly string[]): string {
  const like = value === undefined ? undefined : didYouMean(value, values);
  const said = value === undefined ? "no value" : `"${value}"`;
  return `option "${name}" has ${said}: ${like === undefined ? `write one of ${values.join(", ")}` : `did you mean "${like}"?`}`;
}

function addCodes(name: string, value: string, codes: Set<string>): readonly string[] {
  if (value === "") return [`option "${name}" has no value: write codes, as in "${name}=BFF501+BFF702"`];
  return value.split("+").flatMap((code) => {
    const at = code.indexOf("@");
    const plain = at < 0 ? code : code.slice(0, at);
    if (!/^BFF\d{3}$/.test(plain))
      return [`option "${name}" has "${plain}", which is not a code: write "BFF" and three digits`];
    if (at === code.length - 1)
      return [`option "${name}" has "${code}" without a file: write ${plain}@web/v1/web.proto`];
    if (!CODES.has(plain)) return [`option "${name}" has ${plain}, which is the code of no diagnostic`];
    if (name === "warn" && !lenient.test(plain)) return [`${plain} cannot be a warning: nothing could be generated`];
    codes.add(code);
    return [];
  });
}

/** Effects and policy, cost, caching and exposure, drift: what is left can still be generated. */
const lenient = /^BFF[5789]/;

const CODES: ReadonlySet<string> = new Set(
  [declarationCodes, expressionCodes, resolveCodes, driftCodes].flatMap(Object.keys),
);
