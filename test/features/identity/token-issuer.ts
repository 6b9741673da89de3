// An issuer of tokens over loopback, which jose signs.
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { onTestFinished } from "vitest";

const keys = await generateKeyPair("ES256");

/** Publishes its key until the test ends, at any path but that of its discovery. */
export async function startIssuer(): Promise<string> {
  const jwk = { ...(await exportJWK(keys.publicKey)), kid: "1", alg: "ES256" };
  const server = createServer(({ url = "", headers }, response) => {
    const issuer = `http://${headers.host}`;
    const found = url.endsWith("openid-configuration") ? { issuer, jwks_uri: `${issuer}/jwks` } : { keys: [jwk] };
    response.setHeader("content-type", "application/json").end(JSON.stringify(found));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
export function tokenOf(iss: string, claims: object, audience: string): Promise<string> {
  const jwt = new SignJWT({ ...claims }).setProtectedHeader({ alg: "ES256", kid: "1" });
  return jwt.setIssuer(iss).setAudience(audience).setExpirationTime("1m").sign(keys.privateKey);
}
