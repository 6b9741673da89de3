// The demo's chapter about answers that clients keep: the account BFF over GET.
import { type AccountBff, AUDIENCE } from "./account.ts";

const ACCOUNT = "/account.v1.AccountService/GetAccount?connect=v1&encoding=json&message=%7B%7D";
/** What HTTP caches read. */
const TOLD = ["cache-control", "etag", "vary"];

/** Asks twice, and shows what came. Throws where the second answer has a body. */
export async function showReuse(account: AccountBff, show: (text: string) => void): Promise<void> {
  const authorization = `Bearer ${await account.issuer.token("u-ada", AUDIENCE)}`;
  const first = await fetch(account.url + ACCOUNT, { headers: { authorization } });
  show(`first:  HTTP ${first.status}  ${(await first.text()).length} bytes`);
  for (const name of TOLD) show(`  ${name}: ${first.headers.get(name) ?? "not told"}`);
  const tag = first.headers.get("etag") ?? "";
  const second = await fetch(account.url + ACCOUNT, { headers: { authorization, "if-none-match": tag } });
  const body = await second.text();
  show(`if-none-match ${tag}:  HTTP ${second.status}  ${body.length} bytes`);
  if (second.status !== 304 || body !== "") throw new Error(`HTTP ${second.status} where 304 was expected`);
}
