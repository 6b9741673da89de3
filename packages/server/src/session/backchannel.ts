import type { RouteAnswer, RouteRequest } from "@protobff/runtime/internal/identity/routes";
import { type LogoutTokenParts, verifyLogoutToken } from "./logout-token.ts";
import type { Sessions } from "./sessions.ts";

/** Maximum size of a request, in bytes: a form with only a token. */
const MAX_BYTES = 16 * 1024;

/**
 * `/auth/backchannel-logout`: the provider ends sessions of any browser (OpenID Connect Back-Channel Logout 1.0).
 *
 * @param ended receives the number of ended sessions
 * @param away receives what keeps sessions from being ended
 */
export function backchannelLogout(
  parts: LogoutTokenParts,
  sessions: Sessions,
  ended: (count: number) => void,
  away: (error: unknown) => void,
) {
  return async ({ method, body }: RouteRequest): Promise<RouteAnswer> => {
    if (method !== "POST") return { status: 405, headers: ["allow", "POST"] };
    let whose: Awaited<ReturnType<typeof verifyLogoutToken>>;
    try {
      const form = new URLSearchParams(Buffer.from(await body(MAX_BYTES)).toString());
      whose = await verifyLogoutToken(form.get("logout_token") ?? "", parts);
    } catch {
      return { status: 400, headers: ["content-type", "application/json"], body: '{"error":"invalid_request"}' };
    }
    try {
      ended(await sessions.endAll(whose));
      return { status: 200 };
    } catch (error) {
      away(error);
      return { status: 503, headers: ["retry-after", "5"] }; // section 2.8: the provider may try again
    }
  };
}
