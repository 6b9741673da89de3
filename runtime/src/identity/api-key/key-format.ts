import { hash, randomBytes } from "node:crypto";
import { crc32 } from "node:zlib";

const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/** As many as 32 bytes take: 62^43 > 2^256. */
const SECRET = 43;
/** As many as a CRC-32 takes: 62^6 > 2^32. */
const CHECKSUM = 6;

/** What a prefix may be: scanners for leaked keys look for it, and it is part of the key. */
export const PREFIX = /^[A-Za-z0-9_-]{0,32}$/;

/** A new key: prefix, 256 random bits, and a checksum over both by which others can tell a key from a text like it. */
export function newKey(prefix: string): string {
  const body = `${prefix}${base62(BigInt(`0x${randomBytes(32).toString("hex")}`), SECRET)}`;
  return `${body}${checksum(body)}`;
}

/** A new name for a key, which is no secret. */
export function newId(): string {
  return `key_${base62(BigInt(`0x${randomBytes(8).toString("hex")}`), 11)}`;
}

/** What a key with this prefix looks like. */
export function shapeOf(prefix: string): RegExp {
  return new RegExp(`^${prefix}[0-9A-Za-z]{${SECRET + CHECKSUM}}$`);
}

/** Whether the end of a key is the checksum of what stands before. */
export function isWhole(key: string): boolean {
  return key.slice(-CHECKSUM) === checksum(key.slice(0, -CHECKSUM));
}

/** SHA-256: all that is kept of a key. Its 256 bits need no slower one. */
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
