import { toBinary } from "@bufbuild/protobuf";
import { CredentialSchema } from "@protobff/messages/bff/v1/identity_pb.js";
import { Failure } from "../failure.ts";
import type { Caller } from "../identity/caller.ts";
import { DEFAULT_ALGORITHMS } from "../identity/jwt/algorithms.ts";
import { type Jose, loadJose } from "../identity/jwt/jose.ts";
import { JwtSource, type JwtSourceParts } from "../identity/jwt/jwt-source.ts";
import { KeySet, type KeySetParts } from "../identity/jwt/key-set.ts";
import type { Rules } from "../identity/jwt/rules.ts";
import { ClaimsSchema } from "./gen/claims_pb.ts";
import { AUDIENCE, ISSUER, TestIssuer } from "./test-issuer.ts";
import { unlessFailure } from "./unless-failure.ts";

interface Options {
  readonly rules?: Partial<Rules>;
  readonly keys?: Partial<KeySetParts>;
  readonly source?: Partial<JwtSourceParts>;
}

/** A source of tokens over an issuer without a network. */
export class JwtRig {
  readonly issuer: TestIssuer;
  readonly keys: KeySet;
  readonly source: JwtSource;
  /** Faults that were reported to the server's operator. */
  readonly faults: string[] = [];
  /** Number of verified signatures. */
  verifications = 0;

  constructor(jose: Jose, issuer: TestIssuer, options: Options) {
    this.issuer = issuer;
    const { clock, fetch } = issuer;
    const place = { kind: "discovery", issuer: ISSUER } as const;
    const failed = (error: unknown): void => void this.faults.push(error instanceof Error ? error.message : `${error}`);
    this.keys = new KeySet({ place, maxStaleMs: 86_400_000, clock, jose, fetch, failed, ...options.keys });
    this.source = new JwtSource({
      name: "user",
      from: [],
      claims: ClaimsSchema,
      keys: this.keys,
      jose: this.#counting(jose),
      clock,
      place: { kind: "header", name: "authorization", scheme: "bearer" },
      rules: {
        issuer: ISSUER,
        audience: [AUDIENCE],
        algorithms: DEFAULT_ALGORITHMS,
        leewayMs: 30_000,
        subject: undefined,
        ...options.rules,
      },
      accept: (credential, claims, token): Caller => {
        const bytes = toBinary(CredentialSchema, credential);
        return { credential, principal: claims ?? credential, bytes, key: "", token };
      },
      ...options.source,
    });
  }

  /** Resolves when its first fetch has ended, or hangs. */
  static async open(options: Options = {}, issuer = new TestIssuer()): Promise<JwtRig> {
    const rig = new JwtRig(await loadJose(), issuer, options);
    await issuer.clock.advance(0);
    return rig;
  }

  /** @param resource to which the request comes */
  async verify(token: string, resource?: string): Promise<Caller> {
    return unlessFailure(await this.source.verify(token, { resource }));
  }

  /** Returns `ok`, or the code and the log's text. */
  async outcome(token: string, resource?: string): Promise<string> {
    return this.verify(token, resource).then(
      () => "ok",
      (thrown: unknown) => (thrown instanceof Failure ? `${thrown.code} ${thrown.message}` : `threw ${thrown}`),
    );
  }

  #counting(jose: Jose): Jose {
    return {
      importJWK: jose.importJWK,
      jwtVerify: (...all) => {
        this.verifications++;
        return jose.jwtVerify(...all);
      },
    };
  }
}
