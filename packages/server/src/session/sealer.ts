import { createCipheriv, createDecipheriv, createHash, randomBytes } from "node:crypto";

/** Length of a key, in bytes: AES-256. */
export const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** Length of a key's id, in bytes: the beginning of the key's hash. With it no other key has to be tried. */
const ID_BYTES = 4;
const HEAD_BYTES = ID_BYTES + NONCE_BYTES;

interface Key {
  readonly id: Buffer;
  readonly bytes: Buffer;
}

/**
 * Seals texts with AES-256-GCM (NIST SP 800-38D), each with a random nonce of 96 bits. A text that is sealed for one
 * purpose does not open for another. A list of keys rotates: the first seals, all of them open.
 */
export class Sealer {
  readonly #keys: readonly Key[];

  /** @param keys each of 32 bytes; at least one */
  constructor(keys: readonly Buffer[]) {
    this.#keys = keys.map((bytes) => ({
      id: createHash("sha256").update(bytes).digest().subarray(0, ID_BYTES),
      bytes,
    }));
  }
  /** @param purpose use and owner of the text: opening requires the same value */
  seal(text: string, purpose: string): Buffer {
    const [key] = this.#keys;
    if (key === undefined) throw new Error("no key to seal with");
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv("aes-256-gcm", key.bytes, nonce).setAAD(Buffer.from(purpose));
    return Buffer.concat([key.id, nonce, cipher.update(text, "utf8"), cipher.final(), cipher.getAuthTag()]);
  }
  /** Returns undefined if none of the keys has sealed it for this purpose. */
  open(sealed: Buffer, purpose: string): string | undefined {
    if (sealed.length < HEAD_BYTES + TAG_BYTES) return undefined;
    const id = sealed.subarray(0, ID_BYTES);
    const key = this.#keys.find((key) => key.id.equals(id));
    if (key === undefined) return undefined;
    const decipher = createDecipheriv("aes-256-gcm", key.bytes, sealed.subarray(ID_BYTES, HEAD_BYTES));
    decipher.setAAD(Buffer.from(purpose)).setAuthTag(sealed.subarray(-TAG_BYTES));
    try {
      const text = decipher.update(sealed.subarray(HEAD_BYTES, -TAG_BYTES));
      return Buffer.concat([text, decipher.final()]).toString("utf8");
    } catch {
      return undefined;
    }
  }
}
