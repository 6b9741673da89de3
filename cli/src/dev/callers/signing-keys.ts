import { type CryptoKey, exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from "jose";

interface Signing {
  readonly key: CryptoKey;
  readonly published: JWK;
}

/** Keys of an issuer, one for each algorithm, made when it is first wanted. They are nowhere but in this process. */
export class SigningKeys {
  readonly #made = new Map<string, Promise<Signing>>();

  /** Returns all public keys. */
  async published(): Promise<readonly JWK[]> {
    return (await Promise.all(this.#made.values())).map(({ published }) => published);
  }

  /** Has a key for an algorithm (RFC 7518, 3.1), which is published from then on. */
  async prepare(algorithm: string): Promise<void> {
    await this.#for(algorithm);
  }

  async sign(payload: JWTPayload, algorithm: string): Promise<string> {
    const { key, published } = await this.#for(algorithm);
    const { kid = "" } = published;
    return new SignJWT(payload).setProtectedHeader({ alg: algorithm, kid, typ: "JWT" }).sign(key);
  }

  #for(algorithm: string): Promise<Signing> {
    const made = this.#made.get(algorithm) ?? make(algorithm);
    this.#made.set(algorithm, made);
    return made;
  }
}

async function make(algorithm: string): Promise<Signing> {
  const { privateKey, publicKey } = await generateKeyPair(algorithm);
  return {
    key: privateKey,
    published: { ...(await exportJWK(publicKey)), kid: `dev-${algorithm}`, alg: algorithm, use: "sig" },
  };
}
