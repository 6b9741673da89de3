// `bff-key deny`, `allow` and `denied`: the denylist of servers with BFF_OVERRIDES=true.
import { tame } from "@protobff/runtime/internal/environment/one-line";
import { DENIAL_KINDS, type Denial, type DenialKind } from "@protobff/runtime/internal/identity/denylist/deny-table";
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
    until: values.for === undefined ? undefined : expiryOf(values.for, second(), "--for"),
    why: bounded(why, "--why"),
  };
  await store.openDenials();
  await store.deny(denial);
  audit("denylist-added", `${kind} ${value}: ${why}`);
  output.error(
    `${kind} ${tame(value)} is denied${denial.until === undefined ? "" : ` until ${dateOf(denial.until)}`}\n`,
  );
  return 0;
};

export const allow: Command = async (args, { store, output, audit }) => {
  const [kind, value] = entryOf(parsed(args, {}, true).positionals, "allow");
  await store.openDenials();
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
  await store.openDenials();
  const all = await store.denials(second());
  if (values.json) for (const denial of all) out(`${JSON.stringify(denial)}\n`);
  else
    printTable(
      [
        ["kind", "value", "until", "why"],
        ...all.map(({ kind, value, until, why }) => [
          kind,
          tame(value),
          until === undefined ? "-" : dateOf(until),
          tame(why),
        ]),
      ],
      out,
    );
  return 0;
};

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
