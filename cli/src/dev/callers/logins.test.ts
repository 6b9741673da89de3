import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import type { Way } from "./caller-needs.ts";
import { Logins } from "./logins.ts";

const way = {
  kind: "login",
  source: { name: "browser", kind: "session", audience: [], algorithms: [], from: [], claims: {}, rights: [] },
  clientId: "shop",
  clientSecret: "s3cret",
  redirectUri: "http://127.0.0.1:4321/auth/callback",
} satisfies Way;
const ADA = { name: "ada", subject: "u-ada", claims: {} };
const VERIFIER = "v".repeat(43);

function begun(logins: Logins): string {
  const challenge = createHash("sha256").update(VERIFIER).digest("base64url");
  const back = logins.back(new URLSearchParams({ code_challenge: challenge }), way, ADA);
  return new URL(back).searchParams.get("code") ?? "";
}
const trade = (logins: Logins, code: string) =>
  logins.trade(
    new URLSearchParams({
      grant_type: "authorization_code",
      code,
      code_verifier: VERIFIER,
      redirect_uri: way.redirectUri,
      client_id: "shop",
      client_secret: "s3cret",
    }),
    undefined,
  );

test("a code is valid for a minute", () => {
  let now = 0;
  const logins = new Logins(() => now);
  const [soon, late] = [begun(logins), begun(logins)];
  now = 59_999;
  expect(trade(logins, soon).principal).toBe(ADA);
  now = 60_000;
  expect(() => trade(logins, late)).toThrow("invalid_grant");
});
test("the newest thousand codes are kept", () => {
  const logins = new Logins();
  const codes = Array.from({ length: 1_001 }, () => begun(logins));
  expect(() => trade(logins, codes[0] ?? "")).toThrow("invalid_grant");
  expect(trade(logins, codes[1] ?? "").principal).toBe(ADA);
});
