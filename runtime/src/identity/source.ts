import type { Caller } from "./caller.ts";
import type { Incoming } from "./incoming.ts";
import type { RefusedCredential } from "./refusals.ts";
import type { Routes } from "./routes.ts";

/** Where a credential stands in a request. Names are lower-case, but those of cookies. */
export type Place =
  /** `scheme`: in front of it, compared without case; of `authorization` only. */
  | { readonly kind: "header"; readonly name: string; readonly scheme: "bearer" | undefined }
  | { readonly kind: "cookie"; readonly name: string }
  /** The connection's client certificate. It counts only where nothing else is presented. */
  | { readonly kind: "certificate" };

/** One way of proving who is calling, ready to judge. */
export interface Source {
  /** As declared. */
  readonly name: string;
  readonly place: Place;
  /** Whether it counts only for requests with `x-csrf: 1` or of the same origin, since browsers add it by themselves. */
  readonly ambient: boolean;
  /** Certificate names (SPIFFE or DNS, `*` for one segment) of connections over which alone it counts; none: any connection. */
  readonly from: readonly string[];
  /**
   * Whether a credential at its place is one of its own, where several sources share the place: by the prefix of a key, or by the `iss`
   * that a token claims. Nothing is verified by it.
   */
  owns(credential: string): boolean;
  /** Why a credential is none of its own, if the issuer decides. */
  readonly foreign?: ((credential: string) => RefusedCredential | undefined) | undefined;
  /**
   * Who presents this credential.
   *
   * @param credential without its scheme; "" for a certificate
   * @returns undefined where it is to count as not presented: a session that is unknown or has ended
   * @throws Failure UNAUTHENTICATED for one that proves nothing; UNAVAILABLE where that cannot be judged now
   */
  verify(credential: string, incoming: Incoming): Caller | undefined | Promise<Caller | undefined>;
  /** Resolves when it can judge for the first time: until then the server is not ready. Never rejects. */
  readonly opened: Promise<void>;
  /** What it serves itself, by path: a login, published keys. */
  readonly routes?: Routes | undefined;
  close(): Promise<void>;
}
