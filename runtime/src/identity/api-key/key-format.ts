import { hash, randomBytes } from "node:crypto";
import { crc32 } from "node:zlib";

const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/** Number of digits for 32 bytes: 62^43 > 2^256. */
const SECRET = 43;
/** Number of digits for a CRC-32: 62^6 > 2^32. */
const CHECKSUM = 6;

/** Pattern of valid prefixes. A prefix is part of the key, and scanners for leaked keys look for it. */
export const PREFIX = /^[A-Za-z0-9_-]{0,32}$/;

/**
 * Returns a new key: prefix, 256 random bits, and a checksum over both. The checksum lets others distinguish a key from
 * a similar text.
 */
export function newKey(prefix: string): string {
  const body = `${prefix}${base62(BigInt(`0x${randomBytes(32).toString("hex")}`), SECRET)}`;
  return `${body}${checksum(body)}`;
}

/** Returns a new name for a key. The name is not secret. */
export function newId(): string {
  return `key_${base62(BigInt(`0x${randomBytes(8).toString("hex")}`), 11)}`;
}

/** Returns the pattern of keys with this prefix. */
export function shapeOf(prefix: string): RegExp {
  return new RegExp(`^${prefix}[0-9A-Za-z]{${SECRET + CHECKSUM}}$`);
}

/** Reports whether the end of a key is the checksum of the part before it. */
export function isWhole(key: string): boolean {
  return key.slice(-CHECKSUM) === checksum(key.slice(0, -CHECKSUM));
}

/** Returns the SHA-256 of a key, which is all that is stored. Its 256 random bits need no slower hash. */
export function digestOf(key: string): string {
  return hash("sha256", key, "base64url");
}

function checksum(text: string): string {
  return base62(BigInt(crc32(text)), CHECKSUM);
}

function base62(value: bigint, length: number): string {
  let text = "";
  for (let rest = value; text.length < length; rest /= 62n) text = `${DIGITS[Number(rest % 62n)]}${text}`;
  return text;
}
