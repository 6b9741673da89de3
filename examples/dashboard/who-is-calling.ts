// The demo's chapter about identities: who gets which answer of the account BFF, and what an upstream is told.
import { toJsonString } from "@bufbuild/protobuf";
import { openKeys, SIGNED_HEADER, verifyPrincipal } from "@protobff/runtime/verify";
import { PersonSchema } from "../../generated/account/v1/account_pb.ts";
import { ACCOUNTS, type AccountBff, AUDIENCE, SIGNED_BY } from "./account.ts";
import type { Upstreams } from "./upstreams.ts";

export const SPENDING = "/account.v1.AccountService/GetSpending";
const BILLING = "billing.v1.BillingService";
/** Whose spending is asked for. */
const REQUEST = '{"workspaceId":"atlas"}';

/** Asks without a token, without the right, and with it, and shows what came of it. Throws where that is not as declared. */
export async function showWhoIsCalling(
  account: AccountBff,
  upstreams: Upstreams,
  show: (text: string) => void,
): Promise<void> {
  const ask = async (who: string, token: string | undefined, wanted: number): Promise<void> => {
    const { status, body } = await getSpending(account, token);
    show(`${who.padEnd(34)} HTTP ${status}  ${body}`);
    if (status !== wanted) throw new Error(`HTTP ${status} where ${wanted} was expected: ${body}`);
  };
  upstreams.calls.length = 0;
  await ask("nobody", undefined, 401);
  await ask("a token that has expired", await account.issuer.token("u-ada", AUDIENCE, -3_600), 401);
  await ask(ACCOUNTS["u-dina"].name, await account.issuer.token("u-dina", AUDIENCE), 403);
  if (upstreams.calls.length > 0) throw new Error("an upstream was called for somebody who may not ask");
  await ask(ACCOUNTS["u-ada"].name, await account.issuer.token("u-ada", AUDIENCE), 200);
  await showTold(account, upstreams, show);
}

/** What billing was told, verified as billing would: with the public keys that the BFF publishes. */
async function showTold(account: AccountBff, upstreams: Upstreams, show: (text: string) => void): Promise<void> {
  const call = upstreams.calls.find(({ method }) => method.startsWith(BILLING));
  const header = call?.headers.get(SIGNED_HEADER);
  const keys = openKeys(`${account.url}/.well-known/bff-keys`);
  try {
    const told = await verifyPrincipal(header, { type: PersonSchema, issuer: SIGNED_BY, audience: BILLING, keys });
    const seconds = Math.round((told.expires.getTime() - Date.now()) / 1_000);
    show(`\n${SIGNED_HEADER}: ${header?.slice(0, 60)}… (${header?.length} characters)`);
    show(`  who         ${toJsonString(PersonSchema, told.principal)}`);
    show(`  known by    source "${told.source}" of ${SIGNED_BY}`);
    show(`  counts for  ${BILLING}, ${seconds} s more`);
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
