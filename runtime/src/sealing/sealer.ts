import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hash,
  hkdfSync,
  type KeyObject,
  randomFillSync,
} from "node:crypto";

/** Length of a key, in bytes: AES-256. */
export const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** Length of a key's id, in bytes: the beginning of the key's hash. With it no other key has to be tried. */
const ID_BYTES = 4;
const HEAD_BYTES = ID_BYTES + NONCE_BYTES;
/** Number of random nonces that are drawn at once: single ones take a quarter of the time of sealing. */
const NONCES = 256;

interface Key {
  readonly id: Buffer;
  /** Made once: from bytes each call would make it again, which takes longer than sealing. */
  readonly secret: KeyObject;
  /** Derived when the first name is needed. */
  nameKey: KeyObject | undefined;
}

/**
 * Seals texts and bytes with AES-256-GCM (NIST SP 800-38D): 4 bytes of the key's id, 12 of the nonce, the content, 16 of
 * the tag. A content that is sealed for one purpose does not open for another. A list of keys rotates: the first seals,
 * all of them open.
 *
 * @example
 * const sealer = new Sealer([randomBytes(32)]);
 * sealer.open(sealer.seal("text", "purpose"), "purpose"); // "text"
 */
export class Sealer {
  readonly #keys: readonly Key[];
  readonly #nonces = Buffer.alloc(NONCES * NONCE_BYTES);
  #nextNonce = NONCES;
  #nonceKey: KeyObject | undefined;

  /** @param keys each of 32 bytes; without keys it opens nothing, and throws when it seals */
  constructor(keys: readonly Buffer[]) {
    this.#keys = keys.map((bytes) => ({
      id: hash("sha256", bytes, "buffer").subarray(0, ID_BYTES),
      secret: createSecretKey(bytes),
      nameKey: undefined,
    }));
  }
  /**
   * Seals with a random nonce: equal contents give different bytes.
   *
   * @param purpose use and owner of the content: opening requires the same value
   */
  seal(content: string | Uint8Array, purpose: string): Buffer {
    if (this.#nextNonce === NONCES) {
      randomFillSync(this.#nonces);
      this.#nextNonce = 0;
    }
    const at = NONCE_BYTES * this.#nextNonce++;
    return this.#sealed(content, purpose, this.#nonces.subarray(at, at + NONCE_BYTES));
  }
  /**
   * Seals so that equal texts for one purpose give equal bytes. The nonce is a part of HMAC-SHA-256 over both, under a
   * key derived from the first: different texts have different nonces.
   */
  sealAlike(text: string, purpose: string): Buffer {
    const first = this.#first().secret;
    this.#nonceKey ??= derived(first, "protobff nonce");
    const length = Buffer.alloc(4);
    length.writeUInt32BE(Buffer.byteLength(purpose));
    const digest = createHmac("sha256", this.#nonceKey).update(length).update(purpose).update(text).digest();
    return this.#sealed(text, purpose, digest.subarray(0, NONCE_BYTES));
  }
  /**
   * Returns a name of a text for each key, in their order: HMAC-SHA-256 in base64. Texts cannot be guessed from a name
   * without its key.
   */
  names(text: string): string[] {
    return this.#keys.map((key) => {
      key.nameKey ??= derived(key.secret, "protobff name");
      return createHmac("sha256", key.nameKey).update(text).digest("base64");
    });
  }
  #sealed(content: string | Uint8Array, purpose: string, nonce: Buffer): Buffer {
    const key = this.#first();
    const cipher = createCipheriv("aes-256-gcm", key.secret, nonce).setAAD(Buffer.from(purpose));
    const sealed = typeof content === "string" ? cipher.update(content, "utf8") : cipher.update(content);
    return Buffer.concat([key.id, nonce, sealed, cipher.final(), cipher.getAuthTag()]);
  }
  #first(): Key {
    const [key] = this.#keys;
    if (key === undefined) throw new Error("no key to seal with");
    return key;
  }
  /** Returns a text; undefined if none of the keys has sealed it for this purpose. */
  open(sealed: Buffer, purpose: string): string | undefined {
    return this.openBytes(sealed, purpose)?.toString("utf8");
  }
  /** Returns bytes; undefined if none of the keys has sealed them for this purpose. */
  openBytes(sealed: Uint8Array, purpose: string): Buffer | undefined {
    if (sealed.length < HEAD_BYTES + TAG_BYTES) return undefined;
    const id = sealed.subarray(0, ID_BYTES);
    const key = this.#keys.find((key) => key.id.equals(id));
    if (key === undefined) return undefined;
    const decipher = createDecipheriv("aes-256-gcm", key.secret, sealed.subarray(ID_BYTES, HEAD_BYTES));
    decipher.setAAD(Buffer.from(purpose)).setAuthTag(sealed.subarray(-TAG_BYTES));
    try {
      const text = decipher.update(sealed.subarray(HEAD_BYTES, -TAG_BYTES));
      return Buffer.concat([text, decipher.final()]);
    } catch {
      return undefined;
    }
  }
}

function derived(secret: KeyObject, info: string): KeyObject {
  return createSecretKey(Buffer.from(hkdfSync("sha256", secret, "", info, KEY_BYTES)));
}
