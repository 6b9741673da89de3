// The demo's chapter about the edge: what the account BFF refuses by itself, before it calls anybody.
import { ACCOUNTS, type AccountBff, AUDIENCE } from "./account.ts";
import type { Upstreams } from "./upstreams.ts";
import { SPENDING } from "./who-is-calling.ts";

/** What clients read of a limit. */
const TOLD = ["retry-after", "ratelimit-policy", "ratelimit"];
/** More than a burst that has room for a few. */
const MOST = 5;

/** Asks what makes no sense, and too often, and shows what came of it. Throws where that is not as declared. */
export async function showEdge(account: AccountBff, upstreams: Upstreams, show: (text: string) => void): Promise<void> {
  const authorization = `Bearer ${await account.issuer.token("u-ada", AUDIENCE)}`;
  const ask = (workspaceId: string): Promise<Response> =>
    fetch(account.url + SPENDING, {
      method: "POST",
      headers: { "content-type": "application/json", authorization },
      body: JSON.stringify({ workspaceId }),
    });
  upstreams.calls.length = 0;
  const senseless = await ask("");
  const { code, message } = (await senseless.json()) as { readonly code: string; readonly message: string };
  show(`no workspace:  HTTP ${senseless.status}  ${code}: ${message}`);
  if (senseless.status !== 400) throw new Error(`HTTP ${senseless.status} where 400 was expected`);

  let refused = await ask("atlas");
  for (let i = 1; refused.status === 200 && i < MOST; i++) refused = await ask("atlas");
  const calls = upstreams.calls.length;
  // The same rpc at its path of google.api.http, with the same limit.
  const again = await fetch(`${account.url}/v1/workspaces/atlas/spending`, { headers: { authorization } });
  const told = (await again.json()) as { readonly code: number; readonly message: string };
  show(`${ACCOUNTS["u-ada"].name}, once more, by GET /v1/workspaces/atlas/spending:`);
  show(`  HTTP ${again.status}  {"code":${told.code},"message":"${told.message}", …}`);
  for (const name of TOLD) show(`  ${name}: ${again.headers.get(name) ?? "not told"}`);
  if (again.status !== 429) throw new Error(`HTTP ${again.status} where 429 was expected`);
  if (upstreams.calls.length !== calls) throw new Error("an upstream was called for what is refused");
}
