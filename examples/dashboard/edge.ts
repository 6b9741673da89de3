// The demo's scene about the edge: requests that the account BFF refuses before any upstream call.
import { ACCOUNTS, type AccountBff, AUDIENCE } from "./account.ts";
import type { Upstreams } from "./upstreams.ts";
import { SPENDING } from "./who-is-calling.ts";

/** The headers of a limit. */
const HEADERS = ["retry-after", "ratelimit-policy", "ratelimit"];
/** More requests than the burst allows. */
const MOST = 5;

/** Sends an invalid request, then too many requests. Throws if an answer is not as declared. */
export async function showEdge(account: AccountBff, upstreams: Upstreams, show: (text: string) => void): Promise<void> {
  const authorization = `Bearer ${await account.issuer.token("u-ada", AUDIENCE)}`;
  const send = (workspaceId: string): Promise<Response> =>
    fetch(account.url + SPENDING, {
      method: "POST",
      headers: { "content-type": "application/json", authorization },
      body: JSON.stringify({ workspaceId }),
    });
  upstreams.calls.length = 0;
  const invalid = await send("");
  const { code, message } = (await invalid.json()) as { readonly code: string; readonly message: string };
  show(`no workspace:  HTTP ${invalid.status}  ${code}: ${message}`);
  if (invalid.status !== 400) throw new Error(`HTTP ${invalid.status} instead of 400`);

  let refused = await send("atlas");
  for (let i = 1; refused.status === 200 && i < MOST; i++) refused = await send("atlas");
  const calls = upstreams.calls.length;
  // The path of google.api.http has the same limit.
  const again = await fetch(`${account.url}/v1/workspaces/atlas/spending`, { headers: { authorization } });
  const failure = (await again.json()) as { readonly code: number; readonly message: string };
  show(`${ACCOUNTS["u-ada"].name}, once more, by GET /v1/workspaces/atlas/spending:`);
  show(`  HTTP ${again.status}  {"code":${failure.code},"message":"${failure.message}", …}`);
  for (const name of HEADERS) show(`  ${name}: ${again.headers.get(name) ?? "missing"}`);
  if (again.status !== 429) throw new Error(`HTTP ${again.status} instead of 429`);
  if (upstreams.calls.length !== calls) throw new Error("an upstream was called for a refused request");
}
