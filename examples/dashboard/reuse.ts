// The demo's scene about HTTP caching: the account BFF at a path of google.api.http.
import { type AccountBff, AUDIENCE } from "./account.ts";

const ACCOUNT = "/v1/account";
/** The headers that HTTP caches read. */
const HEADERS = ["cache-control", "etag", "vary"];

/** Sends the same request twice. Throws if the second answer has a body. */
export async function showReuse(account: AccountBff, show: (text: string) => void): Promise<void> {
  const authorization = `Bearer ${await account.issuer.token("u-ada", AUDIENCE)}`;
  const first = await fetch(account.url + ACCOUNT, { headers: { authorization } });
  show(`GET ${ACCOUNT}:  HTTP ${first.status}  ${(await first.text()).length} bytes`);
  for (const name of HEADERS) show(`  ${name}: ${first.headers.get(name) ?? "missing"}`);
  const tag = first.headers.get("etag") ?? "";
  const second = await fetch(account.url + ACCOUNT, { headers: { authorization, "if-none-match": tag } });
  const body = await second.text();
  show(`GET ${ACCOUNT}, if-none-match ${tag}:  HTTP ${second.status}  ${body.length} bytes`);
  if (second.status !== 304 || body !== "") throw new Error(`HTTP ${second.status} instead of 304`);
}
