// Commands of `bff-key` for the denylist, for overrides of limits, and for the servers that apply both.
import { tame } from "@protobff/runtime/internal/environment/one-line";
import {
  DENIAL_KINDS,
  type Denial,
  type DenialKind,
  MAX_DENIALS,
  type TimedOverride,
} from "@protobff/runtime/internal/identity/denylist/deny-table";
import { MAX_NETWORKS } from "@protobff/runtime/internal/identity/denylist/denylist";
import { LIVE_S, type LiveServer } from "@protobff/runtime/internal/identity/denylist/server-table";
import { Networks } from "@protobff/runtime/internal/identity/network/networks";
import {
  type Command,
  type CommandOutput,
  type CommandParts,
  dateOf,
  expiryOf,
  parsed,
  printTable,
  second,
  UserFault,
} from "./bff-key-parts.ts";

const MAX_BYTES = 1_024;
const TEXT = { type: "string" } as const;
const FLAG = { type: "boolean" } as const;

export const deny: Command = async (args, { store, output, audit }) => {
  const { values, positionals } = parsed(args, { for: TEXT, why: TEXT, "require-server": FLAG }, true);
  const [kind, value] = entryOf(positionals, "deny");
  const { why = "" } = values;
  if (why === "") throw new UserFault("deny needs --why, the reason for other operators");
  const denial: Denial = {
    kind,
    value,
    until: untilOf(values.for),
    why: bounded(why, "--why"),
  };
  await store.openOverrides();
  assertRoom(await store.denials(second()), denial);
  await store.deny(denial);
  audit("denylist-added", `${kind} ${value}: ${why}`);
  const entry = `${kind} ${tame(value)}`;
  return reportEffect({ store, output }, values["require-server"], {
    applies: ({ sources }) => kind === "address" || sources.length > 0,
    applied: `${entry} is denied${endOf(denial.until)}`,
    stored: `${entry} is on the denylist`,
    lacks: "a source of callers",
  });
};

export const allow: Command = async (args, { store, output, audit }) => {
  const [kind, value] = entryOf(parsed(args, {}, true).positionals, "allow");
  await store.openOverrides();
  if (!(await store.allow(kind, value))) {
    output.error(`bff-key: ${kind} ${tame(value)} is not on the denylist\n`);
    return 1;
  }
  audit("denylist-removed", `${kind} ${value}`);
  output.error(`${kind} ${tame(value)} is no longer denied\n`);
  return 0;
};

export const denied: Command = async (args, { store, output }) => {
  const { values } = parsed(args, { json: FLAG }, false);
  await store.openOverrides();
  const rows = await store.denials(second(), skippedBy(output));
  printAll(rows, ["kind", "value", "until", "why"], values.json, output.out);
  return 0;
};

export const limit: Command = async (args, { store, output, audit }) => {
  const options = { rate: TEXT, burst: TEXT, for: TEXT, "require-server": FLAG };
  const { values, positionals } = parsed(args, options, true);
  const [name, key] = keyOf(positionals, "limit");
  if (values.rate === undefined) throw new UserFault("limit needs --rate, the number of units per period of the limit");
  const rate = countOf(values.rate, "--rate");
  const burst = values.burst === undefined ? undefined : countOf(values.burst, "--burst");
  const override: TimedOverride = { limit: name, key, rate, burst, until: untilOf(values.for) };
  await store.openOverrides();
  await store.overrideLimit(override);
  audit("limit-overridden", `${name} ${key}: rate ${rate}${burst === undefined ? "" : `, burst ${burst}`}`);
  const applied = `${name} has a rate of ${rate} for ${tame(key)}${endOf(override.until)}`;
  return reportEffect({ store, output }, values["require-server"], {
    applies: (server) => server.limits.includes(name),
    applied,
    stored: applied,
    lacks: `the limit ${tame(name)}`,
  });
};

export const unlimit: Command = async (args, { store, output, audit }) => {
  const [name, key] = keyOf(parsed(args, {}, true).positionals, "unlimit");
  await store.openOverrides();
  if (!(await store.endOverride(name, key))) {
    output.error(`bff-key: ${name} is not overridden for ${tame(key)}\n`);
    return 1;
  }
  audit("limit-restored", `${name} ${key}`);
  output.error(`${name} has its own rate for ${tame(key)} again\n`);
  return 0;
};

export const limits: Command = async (args, { store, output }) => {
  const { values } = parsed(args, { json: FLAG }, false);
  await store.openOverrides();
  const rows = await store.limitOverrides(second(), skippedBy(output));
  printAll(rows, ["limit", "key", "rate", "burst", "until"], values.json, output.out);
  return 0;
};

export const servers: Command = async (args, { store, output: { out } }) => {
  const { values } = parsed(args, { json: FLAG }, false);
  await store.openOverrides();
  const live = await store.servers(second() - LIVE_S);
  printAll(live, ["name", "version", "sources", "limits", "seen"], values.json, out);
  return 0;
};

/** A change, and the servers that apply it. */
interface Effect {
  readonly applies: (server: LiveServer) => boolean;
  /** Sentence for a change that servers apply. */
  readonly applied: string;
  /** Sentence for a change that is only stored. */
  readonly stored: string;
  /** Part that servers need to apply it, with its article. */
  readonly lacks: string;
}

/** Prints whether servers apply a change. Returns the exit code. */
async function reportEffect(
  { store, output }: Pick<CommandParts, "store" | "output">,
  required: boolean | undefined,
  { applies, applied, stored, lacks }: Effect,
): Promise<number> {
  const live = await store.servers(second() - LIVE_S);
  if (live.some(applies)) {
    output.error(`${applied}\n`);
    return 0;
  }
  const why =
    live.length === 0
      ? `none of this store has reported for ${LIVE_S} s; set DATABASE_URL or BFF_STORE_FILE of a server to it`
      : `none of ${live.map(({ name }) => tame(name)).join(", ")} has ${lacks}`;
  output.error(`${stored}, but no live server applies this: ${why}\n`);
  return required === true ? 1 : 0;
}

const skippedBy =
  ({ error }: CommandOutput) =>
  (row: string): void =>
    error(`bff-key: a row does not apply: ${tame(row)}\n`);

/** Prints rows as JSON, one a line, or as a table of these columns. */
function printAll<Row extends Denial | TimedOverride | LiveServer>(
  rows: readonly Row[],
  columns: readonly (keyof Row & string)[],
  json: boolean | undefined,
  out: (text: string) => void,
): void {
  if (json) for (const row of rows) out(`${JSON.stringify(row)}\n`);
  else printTable([columns, ...rows.map((row) => columns.map((name) => cellOf(name, row[name])))], out);
}

function cellOf(column: string, value: unknown): string {
  if (value === undefined || (Array.isArray(value) && value.length === 0)) return "-";
  return column === "until" || column === "seen" ? dateOf(Number(value)) : tame(String(value));
}

const untilOf = (text: string | undefined): number | undefined =>
  text === undefined ? undefined : expiryOf(text, second(), "--for");
const endOf = (until: number | undefined): string => (until === undefined ? "" : ` until ${dateOf(until)}`);

function keyOf(positionals: readonly string[], command: string): readonly [string, string] {
  const [name = "", key = "", ...more] = positionals;
  if (!/^[^/]+\/[^/]+$/.test(name) || key === "" || more.length > 0)
    throw new UserFault(`${command} needs a limit and the text of its key: shop.v1/user u-17`);
  return [bounded(name, "the limit"), bounded(key, "the key")];
}

function countOf(text: string, option: string): number {
  const count = /^\d{1,15}$/.test(text) ? Number(text) : 0;
  if (count === 0)
    throw new UserFault(`${option} is no whole number above 0: write 600; to refuse a caller, use bff-key deny`);
  return count;
}

function entryOf(positionals: readonly string[], command: string): readonly [DenialKind, string] {
  const [kind, value, ...more] = positionals;
  const known = DENIAL_KINDS.find((name) => name === kind);
  if (known === undefined || value === undefined || value === "" || more.length > 0)
    throw new UserFault(
      `${command} needs a kind and a value: subject u-17, address 192.0.2.0/24, or key key_0Jq3vXk2LmT`,
    );
  if (known === "address") checkAddress(value);
  return [known, bounded(value, "the value")];
}

/** Refuses an entry that servers would leave out, because the list is too long. */
function assertRoom(rows: readonly Denial[], { kind, value }: Denial): void {
  const others = rows.filter((row) => row.kind !== kind || row.value !== value);
  const networks = others.filter((row) => row.kind === "address" && row.value.includes("/"));
  const isNetwork = kind === "address" && value.includes("/");
  const full =
    others.length >= MAX_DENIALS
      ? `${MAX_DENIALS} entries`
      : isNetwork && networks.length >= MAX_NETWORKS && `${MAX_NETWORKS} networks`;
  if (full) throw new Error(`the denylist has ${full}, its maximum: remove some with bff-key allow`);
}

function checkAddress(value: string): void {
  try {
    new Networks([value]);
  } catch {
    throw new UserFault("the value is neither an address nor a network, like 192.0.2.7 or 192.0.2.0/24");
  }
}

function bounded(text: string, what: string): string {
  if (Buffer.byteLength(text) > MAX_BYTES) throw new UserFault(`${what} has more than ${MAX_BYTES} bytes`);
  return text;
}
