// The commands of the runtime's packages. They may import the server's rooms, and no room imports them.
import { parseArgs } from "node:util";
import { systemClock } from "@protobff/runtime/internal/clock";
import { type ConfigFault, type Environment, EnvReader } from "@protobff/runtime/internal/environment/env-reader";
import { tame } from "@protobff/runtime/internal/environment/one-line";
import { digestOf, newId, newKey, PREFIX } from "@protobff/runtime/internal/identity/api-key/key-format";
import type { KeyStore, StoredKey } from "@protobff/runtime/internal/identity/api-key/key-store";
import { readKeyStore } from "@protobff/runtime/internal/identity/api-key/open-store";
import type { AuditEvent } from "@protobff/runtime/internal/observer-requests";
import { AuditLog, appendingTo, appendingToStream } from "../logs/audit-log.ts";

const USAGE = `Makes, ends and lists keys of callers, in the store of BFF_STORE_FILE (SQLite) or DATABASE_URL (PostgreSQL).

  bff-key create --subject <text> [--scope <word>]... [--claims <JSON object>] [--expires <when>] [--prefix <text>]
      prints the key once; <when> is 90d, 12h, 30m, a date or a time of RFC 3339
  bff-key revoke <id>...
      servers notice within the \`cache\` of their source
  bff-key list [--json]

BFF_AUDIT, a file or stderr, has a line for each key that is made or ended.
`;

/** Output of a command. */
export interface CommandOutput {
  readonly out: (text: string) => void;
  readonly error: (text: string) => void;
}

/** A mistake in the arguments or files of the user. */
class UserFault extends Error {}

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
    return await withStore(environment, output, (store, audit) => run(rest, store, output, audit));
  } catch (error) {
    output.error(`bff-key: ${error instanceof Error ? error.message : error}\n`);
    return error instanceof UserFault ? 2 : 1;
  }
}

type Audit = (event: AuditEvent) => void;
type Command = (args: string[], store: KeyStore, output: CommandOutput, audit: Audit) => Promise<number>;
const COMMANDS: ReadonlyMap<string, Command> = new Map([
  ["create", create],
  ["revoke", revoke],
  ["list", list],
]);

async function withStore(
  environment: Environment,
  { error }: CommandOutput,
  run: (store: KeyStore, audit: Audit) => Promise<number>,
): Promise<number> {
  const faults: ConfigFault[] = [];
  const settings = new EnvReader(environment, faults);
  const store = await readKeyStore(settings, "bff-key");
  if (store === undefined) {
    const lines = faults.map(({ variable, problem, remedy }) => `${variable} ${problem}; write ${remedy}`);
    throw new UserFault(lines.join("\n"));
  }
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

async function create(args: string[], store: KeyStore, { out, error }: CommandOutput, audit: Audit): Promise<number> {
  const { values } = parsed(args, {
    subject: { type: "string" },
    scope: { type: "string", multiple: true },
    claims: { type: "string" },
    expires: { type: "string" },
    prefix: { type: "string" },
  });
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
    expires: values.expires === undefined ? undefined : expiryOf(values.expires, now),
    revoked: undefined,
    lastUsed: undefined,
  };
  await store.add(digestOf(key), stored);
  audit({ event: "key-created", at: systemClock.date(), id: stored.id, subject: stored.subject });
  out(`${key}\n`);
  const until = stored.expires === undefined ? "never expires" : `expires ${dateOf(stored.expires)}`;
  error(`${stored.id} of ${tame(stored.subject)} ${until}; the key is not shown again\n`);
  return 0;
}

async function revoke(args: string[], store: KeyStore, { error }: CommandOutput, audit: Audit): Promise<number> {
  const { positionals: ids } = parsed(args, {});
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
      audit({ event: "key-revoked", at: systemClock.date(), id, subject: before.subject });
      error(`${id} of ${tame(before.subject)} is revoked\n`);
    }
  }
  return code;
}

async function list(args: string[], store: KeyStore, { out }: CommandOutput): Promise<number> {
  const { values } = parsed(args, { json: { type: "boolean" } });
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
  const table = [["id", "subject", "scopes", "created", "expires", "revoked", "last used"], ...rows];
  const widths = table[0]?.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0))) ?? [];
  for (const row of table)
    out(
      `${row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd()}\n`,
    );
  return 0;
}

type Options = NonNullable<NonNullable<Parameters<typeof parseArgs>[0]>["options"]>;
function parsed<O extends Options>(args: string[], options: O) {
  try {
    return parseArgs({ args, options, allowPositionals: Object.keys(options).length === 0, strict: true });
  } catch (error) {
    throw new UserFault(error instanceof Error ? error.message : String(error));
  }
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
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new UserFault("--claims is no JSON");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new UserFault("--claims is no JSON object");
  if (Buffer.byteLength(text) > MAX_CLAIMS) throw new UserFault(`--claims has more than ${MAX_CLAIMS} bytes`);
  return text;
}
const MAX_CLAIMS = 8192;

const UNIT_S: Readonly<Record<string, number>> = { m: 60, h: 3600, d: 86_400 };
const TIME = /^\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d))?$/;
/** Seconds since 1970 of a time or of a duration from now on; NaN for another text. */
function secondsOf(text: string, now: number): number {
  const [, count, unit = ""] = /^(\d{1,6})([mhd])$/.exec(text) ?? [];
  if (count !== undefined) return now + Number(count) * (UNIT_S[unit] ?? 0);
  return TIME.test(text) ? Date.parse(text) / 1000 : Number.NaN;
}
function expiryOf(text: string, now: number): number {
  const at = secondsOf(text, now);
  if (!Number.isFinite(at)) throw new UserFault("--expires is no time: write 90d, 2030-01-31 or 2030-01-31T12:00:00Z");
  if (at <= now) throw new UserFault("--expires has passed");
  return Math.floor(at);
}

function second(): number {
  return Math.floor(systemClock.date().getTime() / 1000);
}
function dateOf(at: number): string {
  return new Date(at * 1000).toISOString().replace(".000Z", "Z");
}
