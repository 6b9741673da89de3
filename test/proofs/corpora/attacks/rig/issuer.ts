// An OpenID provider as far as an attacked BFF needs one: its description and its keys, which it signs tokens with.
import { once } from "node:events";
import * as http from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, SignJWT } from "jose";

export interface Issuer {
  readonly address: string;
  /** Returns the number of requests for its keys. */
  readonly keyRequests: () => number;
  /** A token that is good for an hour, for the audiences of all attacked packages. */
  token(subject: string, claims?: Readonly<Record<string, unknown>>): Promise<string>;
  close(): void;
}

export async function startIssuer(): Promise<Issuer> {
  const { publicKey, privateKey } = await generateKeyPair("ES256");
  const keys = [{ ...(await exportJWK(publicKey)), kid: "k1", alg: "ES256", use: "sig" }];
  let keyRequests = 0;
  const server = http.createServer((request, response) => {
    const isKeys = request.url === "/keys";
    if (isKeys) keyRequests++;
    const described = {
      issuer: address,
      jwks_uri: `${address}/keys`,
      authorization_endpoint: `${address}/authorize`,
      token_endpoint: `${address}/token`,
    };
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify(isKeys ? { keys } : described));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    address,
    keyRequests: () => keyRequests,
    token: (subject, claims = {}) =>
      new SignJWT(claims)
        .setProtectedHeader({ alg: "ES256", kid: "k1" })
        .setIssuer(address)
        .setAudience(["web", "leak"])
        .setSubject(subject)
        .setExpirationTime("1h")
        .sign(privateKey),
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
