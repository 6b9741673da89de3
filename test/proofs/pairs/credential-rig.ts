// Credentials of the caller ann, with the scope and the role that levels of identity need.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { create, type DescMessage, type Registry, toBinary } from "@bufbuild/protobuf";
import { CredentialSchema, PrincipalSchema } from "@protobff/messages/bff/v1/identity_pb.js";
import { systemClock } from "@protobff/runtime/internal/clock";
import { EnvReader } from "@protobff/runtime/internal/environment/env-reader";
import { callerOf } from "@protobff/runtime/internal/identity/principal";
import { openPropagation, readSigning } from "@protobff/runtime/internal/identity/propagation/propagation";
import { AssertionRig, GATEWAY } from "@protobff/runtime/internal/testing/assertion-rig";
import { onTestFinished } from "vitest";
import { runBffKey } from "../../../packages/server/src/command/bff-key.ts";
import { startOpenidProvider } from "../../../packages/server/src/testing/openid-provider.ts";
import { LoginBrowser } from "../../features/embed/login-browser.ts";
import { startIssuer, tokenOf } from "../../features/identity/token-issuer.ts";
import type { Bff } from "./bff.ts";

export type Headers = Readonly<Record<string, string>>;
/** Variables and headers of the callers of a row. */
export interface Callers {
  readonly env: Headers;
  /** Returns the headers of a request to the server at this address, once it listens. */
  readonly signIn: (url: string) => Promise<() => Headers>;
}

const CLAIMS = { sub: "ann", scopes: ["read"], roles: ["readers"] };
const TOKEN = { ...CLAIMS, scope: "read", groups: ["readers"] };
const ROLES = { roles: ["readers"] };
const SITE = "https://app.example";
const AUDIENCE = "pairs.v1.PageService";
/** Pages of the server's own origin send their cookies. */
const OF_PAGE = { "x-csrf": "1" };

type Rig = (env: Headers, registry: Registry) => Promise<Callers>;
const fixed = (headers: Headers, env: Headers = {}): Callers => ({ env, signIn: async () => () => headers });
const tokenRig =
  (headersOf: (token: string) => Headers, sub = "ann"): Rig =>
  async () => {
    const ISSUER = await startIssuer();
    return fixed(headersOf(await tokenOf(ISSUER, { ...TOKEN, sub }, "shop")), { ISSUER });
  };
const bearer = (token: string): Headers => ({ authorization: `Bearer ${token}` });

const RIGS: Readonly<Record<NonNullable<Bff["credential"]>, Rig>> = {
  header: tokenRig((token) => ({ "x-user-token": token })),
  cookie: tokenRig((token) => ({ cookie: `__Host-token=${token}`, ...OF_PAGE })),
  svid: tokenRig(bearer, "spiffe://shop.example/ns/web/ann"),
  async "api key"(env) {
    const printed: Record<"out" | "error", string> = { out: "", error: "" };
    const claims = ["--claims", JSON.stringify(ROLES)];
    const args = ["create", "--subject", "ann", "--scope", "read", "--prefix", "shop_", ...claims];
    const code = await runBffKey(args, env, {
      out: (text) => (printed.out += text),
      error: (text) => (printed.error += text),
    });
    if (code !== 0) throw new Error(printed.error);
    return fixed({ "x-shop-key": printed.out.trim() });
  },
  async assertion() {
    // The rig writes keys and publishes them; its clock is not that of the server.
    const rig = new AssertionRig();
    onTestFinished(() => rig.remove());
    const env = { BFF_IDENTITY_ISSUER: GATEWAY, BFF_IDENTITY_KEY_FILES: rig.path("first") };
    const quiet = { clock: systemClock, audit: () => {}, fault: () => {} };
    const signing = openPropagation(PrincipalSchema, readSigning(new EnvReader(env, [])), quiet);
    onTestFinished(() => signing.close());
    const GATEWAY_KEYS = join(rig.folder, "keys.json");
    writeFileSync(GATEWAY_KEYS, await rig.published(signing));
    const principal = create(PrincipalSchema, {
      source: "user",
      issuer: GATEWAY,
      subject: "ann",
      scopes: ["read"],
      ...ROLES,
    });
    const credential = create(CredentialSchema, { source: "user", issuer: GATEWAY, subject: "ann" });
    const caller = callerOf({ type: PrincipalSchema, credential, principal: () => principal });
    return {
      env: { GATEWAY_KEYS },
      // It lives for a minute, which a row may take.
      signIn: async () => () => ({ "x-caller-bin": rig.header(caller, AUDIENCE, signing) }),
    };
  },
  async trusted(_, registry) {
    const type = registry.getMessage("pairs.v1.Caller") as DescMessage;
    const caller = create(type, { subject: "ann", scopes: ["read"], roles: ["readers"] } as never);
    return fixed({ "x-gateway-caller-bin": Buffer.from(toBinary(type, caller)).toString("base64") });
  },
  gateway: async () => fixed({ "x-gateway-claims": Buffer.from(JSON.stringify(CLAIMS)).toString("base64url") }),
  peer: async () => fixed({}),
  async session() {
    const claims = { scopes: CLAIMS.scopes, ...ROLES };
    const provider = await startOpenidProvider({ publicUrl: () => SITE, claims });
    provider.account = "ann";
    onTestFinished(() => provider.close());
    const signIn = async (url: string): Promise<() => Headers> => {
      const here = ({ url: address, headers }: Request): Promise<Response> =>
        fetch(address.replace(SITE, url), {
          headers: { cookie: headers.get("cookie") ?? "", connection: "close" },
          redirect: "manual",
        });
      const browser = new LoginBrowser(SITE, here);
      await browser.visit("/auth/login?return_to=/");
      const { cookie } = browser;
      return () => ({ cookie, ...OF_PAGE });
    };
    return { env: { PROVIDER: provider.issuer }, signIn };
  },
};

/** Returns what the callers of a BFF need; those of a BFF without an identity need nothing. */
export async function callersOf(bff: Bff, env: Headers, registry: Registry): Promise<Callers> {
  if (bff.credential !== undefined) return RIGS[bff.credential](env, registry);
  if (!bff.needs.has("issuer")) return fixed({});
  return tokenRig(bearer)(env, registry);
}
