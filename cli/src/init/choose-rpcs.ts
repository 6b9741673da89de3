// Chooses the upstream RPCs that a new BFF composes: the requested ones, or a few that read.
import type { DescMethod } from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel as Level } from "@bufbuild/protobuf/wkt";
import { didYouMean } from "protoc-gen-bff/compiler";
import { Refusal } from "../terminal.ts";
import { snakeCase } from "./names.ts";
import { isPrivateRpc } from "./private-fields.ts";

/** An rpc with its probable side effects. */
export interface ChosenRpc {
  readonly method: DescMethod;
  /** `marked`: its proto declares it free of side effects; `named`: its name suggests so; `writes`: neither. */
  readonly kind: "marked" | "named" | "writes";
}
export interface Choice {
  readonly rpcs: readonly ChosenRpc[];
  /** Number of other RPCs that could have been chosen. */
  readonly others: number;
}

/** In any case: `GetAccount`, `getAccount`, `get_account`. */
const READS = /^(batch_get|get|list|search|find|query|count|fetch|lookup|look_up|read|describe)(_|$)/;
/** Number of RPCs that are chosen by default: enough to show that they run in parallel, few enough to read. */
const MAX_CHOSEN = 3;
const MOST = 30;
/** Maximum number of RPCs in a message. */
const LISTED = 20;

export const nameOf = ({ parent, name }: DescMethod): string => `${parent.typeName}/${name}`;

/**
 * Returns the chosen RPCs.
 *
 * @param all RPCs in the order of the files
 * @param rpcNames `package.Service/Method`, or an unambiguous end of it; none: some that read
 */
export function chooseRpcs(all: readonly DescMethod[], rpcNames: readonly string[]): Choice {
  const unary = all.filter(({ methodKind }) => methodKind === "unary");
  if (unary.length === 0)
    throw new Refusal(
      all.length === 0
        ? "there is no service in these protos: name a folder, an image, a git reference or a server that has one"
        : "all rpcs of these protos are streams, which init does not compose: see Stream in docs/streams.md",
    );
  if (rpcNames.length > MOST) throw new Refusal(`--rpc names ${rpcNames.length} rpcs: begin with ${MOST} at most`, 2);
  const rpcs = (rpcNames.length === 0 ? proposed(unary) : rpcNames.map((name) => findRpc(name, unary, all))).map(
    classify,
  );
  const twice = namedTwice(rpcs);
  if (twice !== undefined) throw new Refusal(`--rpc names ${twice} twice: name it once`, 2);
  return { rpcs, others: unary.length - rpcs.length };
}

/** Returns the name of an rpc that is chosen twice. */
export function namedTwice(rpcs: readonly ChosenRpc[]): string | undefined {
  const twice = rpcs.find(({ method }, i) => rpcs.findIndex((other) => other.method === method) < i);
  return twice && nameOf(twice.method);
}

export function classify(method: DescMethod): ChosenRpc {
  if (method.idempotency === Level.NO_SIDE_EFFECTS) return { method, kind: "marked" };
  const reads = method.idempotency !== Level.IDEMPOTENT && READS.test(snakeCase(method.name));
  return { method, kind: reads ? "named" : "writes" };
}

/**
 * Proposes RPCs: the first of each service that reads and has a response, then the second ones, up to the maximum. An
 * RPC that looks private is chosen only if there is no other.
 */
function proposed(unary: readonly DescMethod[]): readonly DescMethod[] {
  const answering = unary.filter(
    (method) => classify(method).kind !== "writes" && method.output.typeName !== "google.protobuf.Empty",
  );
  const open = answering.filter((method) => !isPrivateRpc(method));
  const reading = open.length > 0 ? open : answering;
  if (reading.length === 0 && unary.length === 1) return unary;
  if (reading.length === 0)
    throw new Refusal(
      `no RPC of these protos is read-only by its options or its name. Choose with --rpc:\n${listed(unary)}`,
      2,
    );
  const rank = (method: DescMethod): number =>
    reading.filter((sibling) => sibling.parent === method.parent).indexOf(method);
  const ranks = new Map(reading.map((method) => [method, rank(method)]));
  return reading.toSorted((method, other) => (ranks.get(method) ?? 0) - (ranks.get(other) ?? 0)).slice(0, MAX_CHOSEN);
}

/**
 * Returns the rpc that a name means.
 *
 * @param rpcName `package.Service/Method`, or an unambiguous end of it
 * @param callable the rpcs that may be meant
 * @param all these and others, which are refused
 * @param flag text before a name on the command line
 */
export function findRpc(
  rpcName: string,
  callable: readonly DescMethod[],
  all: readonly DescMethod[],
  flag = "--rpc ",
): DescMethod {
  const plain = rpcName.replace(/^\//, "");
  const ends = (method: DescMethod): boolean => {
    const name = nameOf(method);
    return name === plain || name.endsWith(`.${plain}`) || name.endsWith(`/${plain}`);
  };
  const exact = callable.filter((method) => nameOf(method) === plain);
  const matches = exact.length > 0 ? exact : callable.filter(ends);
  const [first] = matches;
  if (first !== undefined && matches.length === 1) return first;
  if (first !== undefined)
    throw new Refusal(
      `${flag}${rpcName} is ${matches.length} RPCs, write more of its name:\n${listed(matches, flag)}`,
      2,
    );
  if (all.some(ends))
    throw new Refusal(
      flag === ""
        ? `${rpcName} is a stream of requests, which a BFF does not call: name an rpc with one request`
        : `--rpc ${rpcName} is a stream, which init does not compose: add it later with protobff add`,
      2,
    );
  const names = callable.map(nameOf);
  const near =
    didYouMean(plain, names) ??
    didYouMean(
      plain,
      callable.map(({ name }) => name),
    );
  const hint = near === undefined ? `there are:\n${listed(callable, flag)}` : `did you mean ${near}?`;
  throw new Refusal(`there is no rpc ${rpcName}: ${hint}`, 2);
}

function listed(methods: readonly DescMethod[], flag = "--rpc "): string {
  const lines = methods.slice(0, LISTED).map((method) => `  ${flag}${nameOf(method)}`);
  const more = methods.length - lines.length;
  return [...lines, ...(more > 0 ? [`  and ${more} more`] : [])].join("\n");
}
