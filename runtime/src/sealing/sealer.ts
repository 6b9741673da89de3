import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hash,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from "node:crypto";

/** Length of a key, in bytes: AES-256. */
export const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** Length of a key's id, in bytes: the beginning of the key's hash. With it no other key has to be tried. */
const ID_BYTES = 4;
const HEAD_BYTES = ID_BYTES + NONCE_BYTES;

interface Key {
  readonly id: Buffer;
  /** Made once: from bytes each call would make it again, which takes longer than sealing. */
  readonly secret: KeyObject;
}

/**
 * Seals texts with AES-256-GCM (NIST SP 800-38D): 4 bytes of the key's id, 12 of the nonce, the text, 16 of the tag. A
 * text that is sealed for one purpose does not open for another. A list of keys rotates: the first seals, all of them
 * open.
 *
 * @example
 * const sealer = new Sealer([randomBytes(32)]);
 * sealer.open(sealer.seal("text", "purpose"), "purpose"); // "text"
 */
export class Sealer {
  readonly #keys: readonly Key[];
  #nonceKey: KeyObject | undefined;

  /** @param keys each of 32 bytes; without keys it opens nothing, and throws when it seals */
  constructor(keys: readonly Buffer[]) {
    this.#keys = keys.map((bytes) => ({
      id: hash("sha256", bytes, "buffer").subarray(0, ID_BYTES),
      secret: createSecretKey(bytes),
    }));
  }
  /**
   * Seals with a random nonce: equal texts give different bytes.
   *
   * @param purpose use and owner of the text: opening requires the same value
   */
  seal(text: string, purpose: string): Buffer {
    return this.#sealed(text, purpose, randomBytes(NONCE_BYTES));
  }
  /**
   * Seals so that equal texts for one purpose give equal bytes. The nonce is a part of HMAC-SHA-256 over both, under a
   * key derived from the first: different texts have different nonces.
   */
  sealAlike(text: string, purpose: string): Buffer {
    const first = this.#first().secret;
    this.#nonceKey ??= createSecretKey(Buffer.from(hkdfSync("sha256", first, "", "protobff nonce", KEY_BYTES)));
    const length = Buffer.alloc(4);
    length.writeUInt32BE(Buffer.byteLength(purpose));
    const digest = createHmac("sha256", this.#nonceKey).update(length).update(purpose).update(text).digest();
    return this.#sealed(text, purpose, digest.subarray(0, NONCE_BYTES));
  }
  #sealed(text: string, purpose: string, nonce: Buffer): Buffer {
    const key = this.#first();
    const cipher = createCipheriv("aes-256-gcm", key.secret, nonce).setAAD(Buffer.from(purpose));
    return Buffer.concat([key.id, nonce, cipher.update(text, "utf8"), cipher.final(), cipher.getAuthTag()]);
  }
  #first(): Key {
    const [key] = this.#keys;
    if (key === undefined) throw new Error("no key to seal with");
    return key;
  }
  /** Returns undefined if none of the keys has sealed it for this purpose. */
  open(sealed: Buffer, purpose: string): string | undefined {
    if (sealed.length < HEAD_BYTES + TAG_BYTES) return undefined;
    const id = sealed.subarray(0, ID_BYTES);
    const key = this.#keys.find((key) => key.id.equals(id));
    if (key === undefined) return undefined;
    const decipher = createDecipheriv("aes-256-gcm", key.secret, sealed.subarray(ID_BYTES, HEAD_BYTES));
    decipher.setAAD(Buffer.from(purpose)).setAuthTag(sealed.subarray(-TAG_BYTES));
    try {
      const text = decipher.update(sealed.subarray(HEAD_BYTES, -TAG_BYTES));
      return Buffer.concat([text, decipher.final()]).toString("utf8");
    } catch {
      return undefined;
    }
  }
}
