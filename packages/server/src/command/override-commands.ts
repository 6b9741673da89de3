// Commands of `bff-key` for servers with BFF_OVERRIDES=true: the denylist, and overrides of limits.
import { tame } from "@protobff/runtime/internal/environment/one-line";
import {
  DENIAL_KINDS,
  type Denial,
  type DenialKind,
  type TimedOverride,
} from "@protobff/runtime/internal/identity/denylist/deny-table";
import { Networks } from "@protobff/runtime/internal/identity/network/networks";
import { type Command, dateOf, expiryOf, parsed, printTable, second, UserFault } from "./bff-key-parts.ts";

const MOST_BYTES = 1_024;

export const deny: Command = async (args, { store, output, audit }) => {
  const { values, positionals } = parsed(args, { for: { type: "string" }, why: { type: "string" } }, true);
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
  await store.deny(denial);
  audit("denylist-added", `${kind} ${value}: ${why}`);
  output.error(`${kind} ${tame(value)} is denied${endOf(denial.until)}\n`);
  return 0;
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

export const denied: Command = async (args, { store, output: { out } }) => {
  const { values } = parsed(args, { json: { type: "boolean" } }, false);
  await store.openOverrides();
  printAll(await store.denials(second()), ["kind", "value", "until", "why"], values.json, out);
  return 0;
};

export const limit: Command = async (args, { store, output, audit }) => {
  const text = { type: "string" } as const;
  const { values, positionals } = parsed(args, { rate: text, burst: text, for: text }, true);
  const [name, key] = keyOf(positionals, "limit");
  if (values.rate === undefined) throw new UserFault("limit needs --rate, the number of units per period of the limit");
  const rate = countOf(values.rate, "--rate");
  const burst = values.burst === undefined ? undefined : countOf(values.burst, "--burst");
  const override: TimedOverride = { limit: name, key, rate, burst, until: untilOf(values.for) };
  await store.openOverrides();
  await store.overrideLimit(override);
  audit("limit-overridden", `${name} ${key}: rate ${rate}${burst === undefined ? "" : `, burst ${burst}`}`);
  output.error(`${name} has a rate of ${rate} for ${tame(key)}${endOf(override.until)}\n`);
  return 0;
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

export const limits: Command = async (args, { store, output: { out } }) => {
  const { values } = parsed(args, { json: { type: "boolean" } }, false);
  await store.openOverrides();
  printAll(await store.limitOverrides(second()), ["limit", "key", "rate", "burst", "until"], values.json, out);
  return 0;
};

/** Prints rows as JSON, one a line, or as a table of these columns. */
function printAll<Row extends Denial | TimedOverride>(
  rows: readonly Row[],
  columns: readonly (keyof Row & string)[],
  json: boolean | undefined,
  out: (text: string) => void,
): void {
  if (json) for (const row of rows) out(`${JSON.stringify(row)}\n`);
  else printTable([columns, ...rows.map((row) => columns.map((name) => cellOf(name, row[name])))], out);
}

function cellOf(column: string, value: unknown): string {
  if (value === undefined) return "-";
  return column === "until" ? dateOf(Number(value)) : tame(String(value));
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

function checkAddress(value: string): void {
  try {
    new Networks([value]);
  } catch {
    throw new UserFault("the value is neither an address nor a network, like 192.0.2.7 or 192.0.2.0/24");
  }
}

function bounded(text: string, what: string): string {
  if (Buffer.byteLength(text) > MOST_BYTES) throw new UserFault(`${what} has more than ${MOST_BYTES} bytes`);
  return text;
}
