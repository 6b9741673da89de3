// What a service needs that is told who calls by a BFF: `@protobff/runtime/verify`. It loads none of the BFF's server.
import { type DescMessage, fromBinary, type MessageShape } from "@bufbuild/protobuf";
import { type Clock, systemClock } from "../../clock.ts";
import { Failure } from "../../failure.ts";
import { issuerKeys } from "../assertion/issuer-keys.ts";
import { type IssuerKeys, verifyAssertion } from "../assertion/verify-assertion.ts";

/** The header that a BFF sends by `identify: SIGNED`. */
export { SIGNED_HEADER } from "../propagation/propagator.ts";

/** The public keys of a BFF. */
export interface PrincipalKeys {
  readonly keys: IssuerKeys;
  readonly clock: Clock;
  /** Ends what fetches or reads them anew. */
  close(): Promise<void>;
}

export interface PrincipalKeysOptions {
  /** Told when keys begin not to be had; those that are known serve on, for a day. By default nobody is told. */
  readonly failed?: ((error: unknown) => void) | undefined;
  /** For tests. */
  readonly clock?: Clock | undefined;
}

/** What is expected of who calls. */
export interface VerifyOptions<Desc extends DescMessage> {
  /** The message that the BFF's identity has for callers. */
  readonly type: Desc;
  /** The BFF's BFF_IDENTITY_ISSUER. */
  readonly issuer: string;
  /** The full name of the service that is called, or of several of which one is. */
  readonly audience: string | readonly string[];
  /** Opened once for the process. */
  readonly keys: PrincipalKeys;
}

/** Who calls, as a BFF that has known them says. */
export interface VerifiedPrincipal<Desc extends DescMessage> {
  readonly principal: MessageShape<Desc>;
  /** The source of the BFF's identity by which it has known them. */
  readonly source: string;
  /** Until then it counts. */
  readonly expires: Date;
}

/** Who calls is not known: `code` is gRPC's, 16 (UNAUTHENTICATED) or, while the keys are away, 14 (UNAVAILABLE). */
export class NotVerified extends Error {
  override readonly name = "NotVerified";
  readonly code: 14 | 16;

  constructor(message: string, code: 14 | 16) {
    super(message);
    this.code = code;
  }
}

/** A process that is done does not wait for the next fetch. */
const background: Clock = {
  ...systemClock,
  setTimeout(run, ms, argument) {
    const timer = setTimeout(run, ms, argument);
    timer.unref();
    return timer;
  },
};

/**
 * Opens the keys of a BFF, once for the process: they are fetched before the first request, at four fifths of their age, and when somebody
 * names one that nobody knows, which happens at most once in 10 seconds.
 *
 * @param keys the address of the BFF's `/.well-known/bff-keys` (https, or on loopback), or the path of a file with what that answers or
 *   with public keys in PEM, which is read again every 10 seconds
 * @throws Error for a file that holds no keys
 */
export function openKeys(
  keys: string,
  { failed = () => {}, clock = background }: PrincipalKeysOptions = {},
): PrincipalKeys {
  const opened = issuerKeys(keys, { clock, failed });
  return { keys: opened, clock, close: () => opened.close() };
}

/**
 * Who calls.
 *
 * @param header the value of `x-principal-signed-bin`; null or undefined where there is none
 * @throws NotVerified where that proves nothing, or cannot be judged now
 */
export async function verifyPrincipal<Desc extends DescMessage>(
  header: string | null | undefined,
  { type, issuer, audience, keys: { keys, clock } }: VerifyOptions<Desc>,
): Promise<VerifiedPrincipal<Desc>> {
  if (header === undefined || header === null || header === "") throw new NotVerified("nobody is said to call", 16);
  const now = Math.floor(clock.date().getTime() / 1000);
  const expected = { issuer, audience: typeof audience === "string" ? [audience] : audience, now };
  try {
    const { assertion } = await verifyAssertion(header, keys, expected);
    if (assertion.type !== type.typeName) throw new NotVerified(`the assertion holds no ${type.typeName}`, 16);
    return { principal: read(type, assertion.principal), source: assertion.source, expires: dateOf(assertion.expires) };
  } catch (thrown) {
    throw thrown instanceof Failure ? new NotVerified(thrown.message, thrown.code === 14 ? 14 : 16) : thrown;
  }
}

function read<Desc extends DescMessage>(type: Desc, bytes: Uint8Array): MessageShape<Desc> {
  try {
    return fromBinary(type, bytes);
  } catch {
    throw new NotVerified(`the assertion cannot be read as a ${type.typeName}`, 16);
  }
}

const dateOf = (seconds: bigint): Date => new Date(Number(seconds) * 1000);
