import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { PrincipalSchema } from "@protobff/messages/bff/v1/identity_pb.js";
import { type JWK, Provider } from "oidc-provider";
import { afterEach, expect, test } from "vitest";
import { systemClock } from "../../clock.ts";
import { Failure } from "../../failure.ts";
import type { AuthenticatedRequest } from "../authenticated-request.ts";
import { identity } from "../identity-spec.ts";
import type { OpenIdentity } from "../spec.ts";
import { jwt } from "./jwt.ts";

// oidc-provider is a certified OpenID provider that nobody here wrote: it publishes the keys and mints the tokens.

const AUDIENCE = "urn:web";
const ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA"] as const;
let server: Server | undefined;
let open: OpenIdentity | undefined;
afterEach(async () => {
  await open?.close();
  server?.closeAllConnections();
  server?.close();
});

function keys(): JWK[] {
  const rsa = () => generateKeyPairSync("rsa", { modulusLength: 2048 });
  const pairs = [rsa(), rsa(), generateKeyPairSync("ec", { namedCurve: "P-256" }), generateKeyPairSync("ed25519")];
  return pairs.map(({ privateKey }, i) => ({
    ...(privateKey.export({ format: "jwk" }) as JWK),
    kid: `k${i}`,
    alg: ALGORITHMS[i] ?? "",
    use: "sig",
  }));
}

async function provider(): Promise<string> {
  server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const made = new Provider(issuer, {
    jwks: { keys: keys() },
    clients: [
      {
        client_id: "robot",
        client_secret: "secret",
        redirect_uris: [],
        response_types: [],
        grant_types: ["client_credentials"],
        scope: "read write",
      },
    ],
    scopes: ["read", "write"],
    ttl: { ClientCredentials: 600 },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_, resource) => ({
          audience: resource.startsWith(AUDIENCE) ? AUDIENCE : "urn:other",
          scope: "read write",
          accessTokenFormat: "jwt",
          jwt: { sign: { alg: resource.split("#")[0]?.split(":")[2] as "RS256" } },
        }),
      },
    },
  });
  server.on("request", made.callback());
  return issuer;
}

async function token(issuer: string, resource: string): Promise<string> {
  const answer = await fetch(`${issuer}/token`, {
    method: "POST",
    headers: { authorization: `Basic ${btoa("robot:secret")}` },
    body: new URLSearchParams({ grant_type: "client_credentials", scope: "read write", resource }),
  });
  const { access_token: made } = (await answer.json()) as { readonly access_token?: string };
  if (made === undefined) throw new Error(`no token: ${answer.status}`);
  return made;
}

test("tokens of oidc-provider are verified through its discovery document", async () => {
  const issuer = await provider();
  const causes: unknown[] = [];
  const spec = identity(PrincipalSchema, [jwt({ name: "robot", issuer, audience: [AUDIENCE] })]);
  open = await spec.open({ clock: systemClock, audit: () => {}, fault: (_, cause) => void causes.push(cause) });
  await open.opened;
  const authenticate = async (bearer: string): Promise<AuthenticatedRequest | Failure> =>
    Promise.try(() => open!.authenticate(new Headers({ authorization: `Bearer ${bearer}` }))).catch((thrown) => thrown);
  for (const algorithm of ALGORITHMS) {
    const made = await token(issuer, `${AUDIENCE}:${algorithm}`);
    const { caller } = (await authenticate(made)) as AuthenticatedRequest;
    expect(caller?.credential).toMatchObject({ source: "robot", issuer, subject: "robot", scopes: ["read", "write"] });
    expect(caller?.credential.id).not.toBe("");
    expect(caller?.principal).toMatchObject({ subject: "robot", scopes: ["read", "write"] });
    expect(JSON.parse(Buffer.from(made.split(".")[0] ?? "", "base64url").toString())).toMatchObject({
      alg: algorithm,
      typ: "at+jwt",
    });
  }
  const other = await authenticate(await token(issuer, "urn:other:RS256"));
  expect(other).toBeInstanceOf(Failure);
  expect(other).toMatchObject({ code: 16, message: "the token is for another audience" });
  expect(causes).toEqual([]);
});
