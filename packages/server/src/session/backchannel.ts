import type { RouteAnswer, RouteRequest } from "@protobff/runtime/internal/identity/routes";
import { judgeLogoutToken, type LogoutTokenParts } from "./logout-token.ts";
import type { Sessions } from "./sessions.ts";

/** A form with a token and nothing else, in bytes. */
const MOST_BYTES = 16 * 1024;

/**
 * `/auth/backchannel-logout`: the provider ends sessions, whatever browser they are in (OpenID Connect Back-Channel Logout 1.0).
 *
 * @param ended hears of how many
 */
export function backchannelLogout(parts: LogoutTokenParts, sessions: Sessions, ended: (count: number) => void) {
  return async ({ method, body }: RouteRequest): Promise<RouteAnswer> => {
    if (method !== "POST") return { status: 405, headers: ["allow", "POST"] };
    let whose: Awaited<ReturnType<typeof judgeLogoutToken>>;
    try {
      const form = new URLSearchParams(Buffer.from(await body(MOST_BYTES)).toString());
      whose = await judgeLogoutToken(form.get("logout_token") ?? "", parts);
    } catch {
      return { status: 400, headers: ["content-type", "application/json"], body: '{"error":"invalid_request"}' };
    }
    try {
      ended(await sessions.endAll(whose));
      return { status: 200 };
    } catch {
      return { status: 503, headers: ["retry-after", "5"] }; // section 2.8: the provider may try again
    }
  };
}
