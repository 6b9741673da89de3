import { createHash } from "node:crypto";
import { isIPv6 } from "node:net";

/** Maximum length in UTF-16 code units; longer keys are hashed. */
const MAX_TEXT_CHARACTERS = 64;

/**
 * Returns a caller's key for counters: short, and different for different keys. An IPv6 address is replaced by its /64
 * network, which every subscriber has (RFC 6177, RIPE-690). Otherwise each of its addresses would have a separate
 * limit.
 */
export function keyOf(text: string): string {
  const key = text.includes(":") ? networkOf(text) : text;
  if (key.length <= MAX_TEXT_CHARACTERS) return `=${key}`;
  return `#${createHash("sha256").update(key).digest("base64url")}`;
}

function networkOf(text: string): string {
  if (!isIPv6(text) || text.includes("%")) return text;
  const [before = [], after = []] = text.split("::").map((part) => (part === "" ? [] : part.split(":")));
  // A tail in the form of IPv4 replaces two groups.
  const missing = 8 - before.length - after.length - (text.includes(".") ? 1 : 0);
  const groups = [...before, ...new Array<string>(text.includes("::") ? missing : 0).fill("0"), ...after];
  const network = groups.slice(0, 4).map((group) => group.replace(/^0+(?=.)/, "").toLowerCase());
  return `${network.join(":")}::/64`;
}
