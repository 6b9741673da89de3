// The demo's scenes about identities: answers of the account BFF by caller, and the identity that an upstream receives.
import { toJsonString } from "@bufbuild/protobuf";
import { openKeys, SIGNED_HEADER, verifyPrincipal } from "@protobff/runtime/verify";
import { PersonSchema } from "../../generated/account/v1/account_pb.ts";
import { ACCOUNTS, type AccountBff, AUDIENCE, SIGNED_BY } from "./account.ts";
import { withoutDetails } from "./answers.ts";
import type { Upstreams } from "./upstreams.ts";

export const SPENDING = "/account.v1.AccountService/GetSpending";
const BILLING = "billing.v1.BillingService";
const REQUEST = '{"workspaceId":"atlas"}';

/** Calls without a token, without the right and with it. Throws if an answer is not as declared. */
export async function showAccess(
  account: AccountBff,
  upstreams: Upstreams,
  show: (text: string) => void,
): Promise<void> {
  const call = async (caller: string, token: string | undefined, expected: number): Promise<void> => {
    const { status, body } = await getSpending(account, token);
    show(`${caller.padEnd(34)} HTTP ${status}  ${withoutDetails(body)}`);
    if (status !== expected) throw new Error(`HTTP ${status} instead of ${expected}: ${body}`);
  };
  upstreams.calls.length = 0;
  await call("no token", undefined, 401);
  await call("an expired token", await account.issuer.token("u-ada", AUDIENCE, -3_600), 401);
  await call(ACCOUNTS["u-dina"].name, await account.issuer.token("u-dina", AUDIENCE), 403);
  if (upstreams.calls.length > 0) throw new Error("an upstream was called for a caller without access");
  await call(ACCOUNTS["u-ada"].name, await account.issuer.token("u-ada", AUDIENCE), 200);
}

/** Verifies the identity that billing received, as billing would: with the public keys that the BFF publishes. */
export async function showSignedIdentity(
  account: AccountBff,
  upstreams: Upstreams,
  show: (text: string) => void,
): Promise<void> {
  const call = upstreams.calls.find(({ method }) => method.startsWith(BILLING));
  const header = call?.headers.get(SIGNED_HEADER);
  const keys = openKeys(`${account.url}/.well-known/bff-keys`);
  try {
    const identity = await verifyPrincipal(header, { type: PersonSchema, issuer: SIGNED_BY, audience: BILLING, keys });
    const seconds = Math.round((identity.expires.getTime() - Date.now()) / 1_000);
    show(`${SIGNED_HEADER}: ${header?.slice(0, 60)}… (${header?.length} characters)`);
    show(`  caller    ${toJsonString(PersonSchema, identity.principal)}`);
    show(`  source    "${identity.source}" of ${SIGNED_BY}`);
    show(`  audience  ${BILLING}, for ${seconds} s`);
  } finally {
    await keys.close();
  }
}

async function getSpending({ url }: AccountBff, token: string | undefined): Promise<{ status: number; body: string }> {
  const authorization = token === undefined ? undefined : { authorization: `Bearer ${token}` };
  const headers = { "content-type": "application/json", ...authorization };
  const response = await fetch(url + SPENDING, { method: "POST", headers, body: REQUEST });
  return { status: response.status, body: await response.text() };
}

/** Lines to type. */
export async function accountLines({ url, issuer }: AccountBff): Promise<string> {
  const authorization = `-H 'authorization: Bearer ${await issuer.token("u-ada", AUDIENCE)}'`;
  return `curl -i -H 'content-type: application/json' -d '${REQUEST}' ${url}${SPENDING} \\
  ${authorization}
curl -i ${url}/v1/account ${authorization}`;
}
export function loginLines({ url }: AccountBff): string {
  return `${url}/auth/login?return_to=/
and then, in the console of that page:
fetch("/account.v1.AccountService/GetAccount", { method: "POST", body: "{}",
  headers: { "content-type": "application/json", "x-csrf": "1" } }).then((r) => r.json()).then(console.log)`;
}
