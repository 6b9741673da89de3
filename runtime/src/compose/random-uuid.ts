import type { Clock } from "../clock.ts";

/** Returns a random UUID (RFC 9562, version 4) from a clock's randomness. It is neither secret nor unguessable. */
export function randomUuid(clock: Clock): string {
  const bytes = Uint8Array.from({ length: 16 }, () => Math.floor(clock.random() * 256));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return Buffer.from(bytes)
    .toString("hex")
    .replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
