// The account BFF as it is deployed: with an OpenID provider to verify tokens of, and a key to sign with.
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BffProcess, startBff } from "./bff-process.ts";
import { type Issuer, startIssuer } from "./issuer.ts";

/** The accounts that may log in, by subject. */
export const ACCOUNTS = {
  "u-ada": { name: "Ada Okafor, admin", claims: { workspaces: ["atlas", "lumen"], roles: ["admin"] } },
  "u-dina": { name: "Dina Haddad", claims: { workspaces: ["atlas"], roles: ["member"] } },
};
/** The audience (`aud`) of its tokens; also its name as a client of the provider. */
export const AUDIENCE = "dashboard";
/** Its name in what it signs. */
export const SIGNED_BY = "https://dashboard.example";

export interface AccountBff extends BffProcess {
  readonly issuer: Issuer;
}

/** Starts both on free ports. Stopping it ends both. */
export async function startAccountBff(
  upstreams: Readonly<Record<string, string>>,
  onLog: (text: string) => void,
): Promise<AccountBff> {
  // The provider sends browsers back to an address that has to be known beforehand.
  const url = `http://127.0.0.1:${await freePort()}`;
  const redirectUri = () => `${url}/auth/callback`;
  const issuer = await startIssuer({ accounts: ACCOUNTS, client: { id: AUDIENCE, redirectUri } });
  const folder = mkdtempSync(join(tmpdir(), "protobff-demo-"));
  const remove = async () => {
    rmSync(folder, { recursive: true, force: true });
    await issuer.close();
  };
  const { privateKey } = generateKeyPairSync("ed25519");
  const signing = join(folder, "signing.pem");
  writeFileSync(signing, privateKey.export({ type: "pkcs8", format: "pem" }), { mode: 0o600 });
  const env = {
    ...upstreams,
    PORT: new URL(url).port,
    OIDC_ISSUER: issuer.url,
    BFF_PUBLIC_URL: url,
    BFF_SESSION_KEYS: randomBytes(32).toString("base64"),
    BFF_BROWSER_CLIENT_SECRET: randomBytes(16).toString("base64url"),
    BFF_IDENTITY_ISSUER: SIGNED_BY,
    BFF_IDENTITY_KEY_FILES: signing,
  };
  try {
    const bff = await startBff("generated/account/v1/server.ts", env, onLog);
    return {
      ...bff,
      issuer,
      async stop() {
        const code = await bff.stop();
        await remove();
        return code;
      },
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}
