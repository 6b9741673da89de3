// Callers of the scenario `identity`: an issuer of tokens, a store with API keys, and a key that signs for upstreams.
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startIssuer } from "../../examples/dashboard/issuer.ts";
import { digestOf, newId, newKey } from "../../runtime/src/identity/api-key/key-format.ts";
import { SqliteKeys } from "../../runtime/src/identity/api-key/sqlite-keys.ts";

/** The user whose data the fan-out requests. */
export const USER = "user-0123456789";
const AUDIENCE = "bench";
/** Keys of others, as many as a store may well have. */
const OTHER_KEYS = 20_000;

export interface Callers {
  /** For a BFF with an identity. */
  readonly env: Readonly<Record<string, string>>;
  /** Tokens: of the user, of the user but expired an hour ago, of another user, and of a user without scopes. */
  readonly tokens: {
    readonly good: string;
    readonly expired: string;
    readonly other: string;
    readonly unscoped: string;
  };
  /** Keys: one of the user, and an unknown one of the same form. */
  readonly keys: { readonly good: string; readonly unknown: string };
  /** PEM files of the key that signs. */
  readonly signing: { readonly privateKey: string; readonly publicKey: string };
  /** File for the audit. */
  readonly audit: string;
  close(): Promise<void>;
}

export async function startCallers(): Promise<Callers> {
  const claims = { tenant: "acme", scope: "home inbox", name: "Ada Okafor", email: "ada@acme.example" };
  const accounts = {
    ...Object.fromEntries([USER, "another"].map((id) => [id, { name: id, claims }])),
    unscoped: { name: "unscoped", claims: { ...claims, scope: "" } },
  };
  const issuer = await startIssuer({ accounts });
  const folder = mkdtempSync(join(tmpdir(), "protobff-bench-"));
  const file = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };
  const pair = generateKeyPairSync("ed25519");
  const signing = {
    privateKey: file("signing.pem", pair.privateKey.export({ type: "pkcs8", format: "pem" }).toString()),
    publicKey: file("signing.pub.pem", pair.publicKey.export({ type: "spki", format: "pem" }).toString()),
  };
  const store = join(folder, "keys.sqlite");
  const good = await fillStore(store);
  return {
    env: {
      OIDC_ISSUER: issuer.url,
      BFF_IDENTITY_ISSUER: "https://bench.example",
      BFF_IDENTITY_KEY_FILES: signing.privateKey,
      BFF_STORE_FILE: store,
    },
    tokens: {
      good: await issuer.token(USER, AUDIENCE, 24 * 3_600),
      expired: await issuer.token(USER, AUDIENCE, -3_600),
      other: await issuer.token("another", AUDIENCE, 24 * 3_600),
      unscoped: await issuer.token("unscoped", AUDIENCE, 24 * 3_600),
    },
    keys: { good, unknown: newKey("bench_") },
    audit: join(folder, "audit.jsonl"),
    signing,
    async close() {
      await issuer.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Gives the user's key. */
async function fillStore(path: string): Promise<string> {
  const keys = await SqliteKeys.at(path);
  const add = (subject: string): string => {
    const key = newKey("bench_");
    const created = Math.floor(Date.now() / 1_000);
    const never = { expires: undefined, revoked: undefined, lastUsed: created };
    keys.add(digestOf(key), {
      id: newId(),
      subject,
      claims: '{"tenant":"acme"}',
      scopes: ["home"],
      created,
      ...never,
    });
    return key;
  };
  for (let i = 0; i < OTHER_KEYS; i++) add(`robot-${i}`);
  const good = add(USER);
  keys.close();
  return good;
}
