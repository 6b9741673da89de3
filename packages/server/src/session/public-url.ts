import { isTrustworthy } from "@protobff/runtime/internal/identity/jwt/fetch-document";
import type { Settings } from "@protobff/runtime/internal/identity/settings";

export const PUBLIC_URL = "BFF_PUBLIC_URL";
export const PUBLIC_URL_REMEDY =
  "the address at which browsers see this server, such as https://app.example, without a path";

/** The origin at which browsers see this server, without a slash at the end; undefined if the variable is not set, or a fault. */
export function readPublicUrl(settings: Pick<Settings, "optional" | "fault">): string | undefined {
  const url = settings.optional(PUBLIC_URL);
  if (url === undefined) return undefined;
  if (isTrustworthy(url) && URL.parse(url)?.pathname === "/" && !url.includes("?")) return new URL(url).origin;
  settings.fault(PUBLIC_URL, "is no such address", PUBLIC_URL_REMEDY);
  return undefined;
}
