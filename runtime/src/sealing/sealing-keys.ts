import type { Settings } from "../identity/settings.ts";
import { KEY_BYTES } from "./sealer.ts";

/**
 * Reads keys from a variable: 32 bytes in base64 each, separated by commas. A missing or malformed variable is reported
 * as a fault, without its value.
 */
export function readSealingKeys(
  variable: string,
  settings: Pick<Settings, "optional" | "fault">,
  fault: Settings["fault"] = (...parts) => settings.fault(...parts),
): Buffer[] {
  const remedy = `${KEY_BYTES} random bytes in base64, such as \`openssl rand -base64 32\` prints; several, separated by commas: the first seals, all open`;
  const text = settings.optional(variable);
  if (text === undefined) {
    fault(variable, "is not set", remedy);
    return [];
  }
  const keys = text.split(",").map((key) => Buffer.from(key.trim(), "base64"));
  if (keys.some((key) => key.length !== KEY_BYTES)) fault(variable, "holds something else than keys", remedy);
  return keys;
}
