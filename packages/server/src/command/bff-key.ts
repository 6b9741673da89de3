// The commands of the runtime's packages. They may import the server's rooms, and no room imports them.
import { systemClock } from "@protobff/runtime/internal/clock";
import {
  type ConfigFault,
  type Environment,
  EnvReader,
  faultLines,
} from "@protobff/runtime/internal/environment/env-reader";
import { tame } from "@protobff/runtime/internal/environment/one-line";
import { digestOf, newId, newKey, PREFIX } from "@protobff/runtime/internal/identity/api-key/key-format";
import type { StoredKey } from "@protobff/runtime/internal/identity/api-key/key-store";
import { type AdminStore, readKeyStore } from "@protobff/runtime/internal/identity/api-key/open-store";
import { LIVE_S } from "@protobff/runtime/internal/identity/denylist/server-table";
import { isMembers, type JsonTree } from "@protobff/runtime/internal/json/json-tree";
import { parseExact } from "@protobff/runtime/internal/json/parse-exact";
import { AuditLog, appendingTo, appendingToStream } from "../logs/audit-log.ts";
import {
  type Command,
  type CommandOutput,
  type CommandParts,
  dateOf,
  expiryOf,
  parsed,
  printTable,
  type Report,
  second,
  UserFault,
} from "./bff-key-parts.ts";
import { allow, denied, deny, limit, limits, servers, unlimit } from "./override-commands.ts";

const USAGE = `Manages keys, the denylist and rates of callers, in the store of BFF_STORE_FILE (SQLite) or DATABASE_URL (PostgreSQL).

  bff-key create --subject <text> [--scope <word>]... [--claims <JSON object>] [--expires <when>] [--prefix <text>]
      prints the key once; <when> is 90d, 12h, 30m, a date or a time of RFC 3339
  bff-key revoke <id>...
      servers notice within the \`cache\` of their source
  bff-key list [--json]
  bff-key deny subject|address|key <value> [--for <when>] --why <text> [--require-server]
      refuses the caller, the address or network, or the key, on all servers of this store, within 5 s
  bff-key allow subject|address|key <value>
  bff-key denied [--json]
  bff-key limit <package>/<name> <key> --rate <n> [--burst <n>] [--for <when>] [--require-server]
      replaces the rate of a limit for one key, as its \`key\` yields it, on the same servers; the period stays
  bff-key unlimit <package>/<name> <key>
  bff-key limits [--json]
  bff-key servers [--json]
      lists the servers that applied the denylist and the rates within the last ${LIVE_S} s

If no live server applies a change, deny and limit print that; with --require-server they then exit with 1.
BFF_AUDIT, a file or stderr, has a line for each change.
`;

/**
 * `bff-key`.
 *
 * @returns the exit code: 0; 1 for what cannot be done; 2 for what has to be written otherwise
 */
export async function runBffKey(
  args: readonly string[],
  environment: Environment,
  output: CommandOutput,
): Promise<number> {
  const [command = "", ...rest] = args;
  if (["--help", "-h", "help"].includes(command)) {
    output.out(USAGE);
    return 0;
  }
  const run = COMMANDS.get(command);
  if (run === undefined) {
    output.error(command === "" ? USAGE : `bff-key: there is no command ${JSON.stringify(command)}\n\n${USAGE}`);
    return 2;
  }
  try {
    return await withStore(environment, output, (store, report) =>
      run(rest, { store, output, report, audit: (event, reason) => report({ event, at: systemClock.date(), reason }) }),
    );
  } catch (error) {
    output.error(`bff-key: ${error instanceof Error ? error.message : error}\n`);
    return error instanceof UserFault ? 2 : 1;
  }
}

const COMMANDS: ReadonlyMap<string, Command> = new Map([
  ["create", create],
  ["revoke", revoke],
  ["list", list],
  ["deny", deny],
  ["allow", allow],
  ["denied", denied],
  ["limit", limit],
  ["unlimit", unlimit],
  ["limits", limits],
  ["servers", servers],
]);

async function withStore(
  environment: Environment,
  { error }: CommandOutput,
  run: (store: AdminStore, report: Report) => Promise<number>,
): Promise<number> {
  const faults: ConfigFault[] = [];
  const settings = new EnvReader(environment, faults);
  const store = await readKeyStore(settings, "bff-key");
  if (store === undefined) throw new UserFault(faultLines(faults));
  let lost = false;
  const path = settings.optional("BFF_AUDIT");
  const log =
    path === undefined
      ? undefined
      : new AuditLog(path === "stderr" ? appendingToStream() : appendingTo(path), (message, cause) => {
          lost = true;
          error(`bff-key: ${message} (${cause instanceof Error ? cause.message : cause})\n`);
        });
  try {
    await store.open();
    const code = await run(store, (event) => log?.audit(event));
    await log?.flush();
    return lost ? 1 : code;
  } finally {
    await store.close();
  }
}

async function create(args: string[], { store, output: { out, error }, report }: CommandParts): Promise<number> {
  const { values } = parsed(
    args,
    {
      subject: { type: "string" },
      scope: { type: "string", multiple: true },
      claims: { type: "string" },
      expires: { type: "string" },
      prefix: { type: "string" },
    },
    false,
  );
  const now = second();
  const { prefix = "" } = values;
  if (!PREFIX.test(prefix)) throw new UserFault("--prefix has other characters than A-Z a-z 0-9 _ -, or more than 32");
  const key = newKey(prefix);
  const stored: StoredKey = {
    id: newId(),
    subject: subjectOf(values.subject),
    scopes: scopesOf(values.scope ?? []),
    claims: claimsOf(values.claims ?? "{}"),
    created: now,
    expires: values.expires === undefined ? undefined : expiryOf(values.expires, now, "--expires"),
    revoked: undefined,
    lastUsed: undefined,
  };
  await store.add(digestOf(key), stored);
  report({ event: "key-created", at: systemClock.date(), id: stored.id, subject: stored.subject });
  out(`${key}\n`);
  const until = stored.expires === undefined ? "never expires" : `expires ${dateOf(stored.expires)}`;
  error(`${stored.id} of ${tame(stored.subject)} ${until}; the key is not shown again\n`);
  return 0;
}

async function revoke(args: string[], { store, output: { error }, report }: CommandParts): Promise<number> {
  const { positionals: ids } = parsed(args, {}, true);
  if (ids.length === 0) throw new UserFault("revoke needs the id of a key, as list shows it");
  let code = 0;
  for (const id of ids) {
    const before = await store.revoke(id, second());
    if (before === undefined) {
      // The argument may be a key by mistake, and is not repeated.
      error(`bff-key: there is no key of ${/^key_\w{1,32}$/.test(id) ? id : "that id"}\n`);
      code = 1;
    } else if (before.revoked !== undefined) error(`${id} has been revoked at ${dateOf(before.revoked)} already\n`);
    else {
      report({ event: "key-revoked", at: systemClock.date(), id, subject: before.subject });
      error(`${id} of ${tame(before.subject)} is revoked\n`);
    }
  }
  return code;
}

async function list(args: string[], { store, output: { out } }: CommandParts): Promise<number> {
  const { values } = parsed(args, { json: { type: "boolean" } }, false);
  const keys = await store.list();
  if (values.json) {
    for (const key of keys) out(`${JSON.stringify({ ...key, claims: JSON.parse(key.claims) })}\n`);
    return 0;
  }
  const moment = (at: number | undefined): string => (at === undefined ? "-" : dateOf(at));
  const rows = keys.map(({ id, subject, scopes, created, expires, revoked, lastUsed }) => [
    ...[id, tame(subject), tame(scopes.join(" ")) || "-"],
    ...[created, expires, revoked, lastUsed].map(moment),
  ]);
  printTable([["id", "subject", "scopes", "created", "expires", "revoked", "last used"], ...rows], out);
  return 0;
}

function subjectOf(text: string | undefined): string {
  if (text === undefined || text === "") throw new UserFault("create needs --subject, whose key it is");
  return text;
}

/** A word of RFC 6749, section 3.3. */
function scopesOf(scopes: readonly string[]): readonly string[] {
  const wrong = scopes.find((scope) => !/^[\x21\x23-\x5b\x5d-\x7e]+$/.test(scope));
  if (wrong !== undefined) throw new UserFault("--scope is one word: write it once for each scope");
  return scopes;
}

function claimsOf(text: string): string {
  let value: JsonTree;
  try {
    value = parseExact(text);
  } catch (error) {
    throw new UserFault(`--claims is no JSON: ${error instanceof Error ? error.message : error}`);
  }
  if (!isMembers(value)) throw new UserFault("--claims is no JSON object");
  if (Buffer.byteLength(text) > MAX_CLAIMS) throw new UserFault(`--claims has more than ${MAX_CLAIMS} bytes`);
  return text;
}
const MAX_CLAIMS = 8192;
