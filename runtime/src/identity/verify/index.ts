// Verification for services that receive the caller from a BFF: `@protobff/runtime/verify`. It loads no code of the
// BFF's server.
import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import { type Clock, systemClock } from "../../clock.ts";
import { Failure } from "../../failure.ts";
import { readMessage } from "../../wire/reader.ts";
import { issuerKeys } from "../assertion/issuer-keys.ts";
import { type IssuerKeys, verifyAssertion } from "../assertion/verify-assertion.ts";

/** The header that a BFF sends by `identify: SIGNED`. */
export { SIGNED_HEADER } from "../propagation/propagator.ts";

/** The public keys of a BFF. */
export interface PrincipalKeys {
  readonly keys: IssuerKeys;
  readonly clock: Clock;
  /** Stops the fetches or reads of the keys. */
  close(): Promise<void>;
}

/** Options of `openKeys`: the receiver of failures, and the clock. */
interface PrincipalKeysOptions {
  /**
   * Called when fetching or reading the keys begins to fail. Known keys stay valid for a day. By default it does
   * nothing.
   */
  readonly failed?: ((error: unknown) => void) | undefined;
  /** For tests. */
  readonly clock?: Clock | undefined;
}

/** Requirements for the caller's assertion. */
interface VerifyOptions<Desc extends DescMessage> {
  /** Message type of the principals of the BFF's identity. */
  readonly type: Desc;
  /** The BFF's BFF_IDENTITY_ISSUER. */
  readonly issuer: string;
  /** Full name of the called service, or of several services, one of which is called. */
  readonly audience: string | readonly string[];
  /** Opened once for the process. */
  readonly keys: PrincipalKeys;
}

/** A caller that a BFF has authenticated. */
interface VerifiedPrincipal<Desc extends DescMessage> {
  readonly principal: MessageShape<Desc>;
  /** Source of the BFF's identity that authenticated the caller. */
  readonly source: string;
  /** Time until which the assertion is valid. */
  readonly expires: Date;
}

/**
 * The caller is not verified. `code` is that of gRPC: 16 (UNAUTHENTICATED) or, while the keys cannot be fetched, 14
 * (UNAVAILABLE).
 *
 * @example
 * const unverified = (thrown: unknown): never => {
 *   throw thrown instanceof NotVerified ? new ConnectError(thrown.message, thrown.code) : thrown;
 * };
 * const { principal } = await verifyPrincipal(header, expected).catch(unverified);
 */
export class NotVerified extends Error {
  override readonly name = "NotVerified";
  readonly code: 14 | 16;

  constructor(message: string, code: 14 | 16) {
    super(message);
    this.code = code;
  }
}

/** Clock whose timers do not keep a finished process alive. */
const background: Clock = {
  ...systemClock,
  setTimeout(run, ms, argument) {
    const timer = setTimeout(run, ms, argument);
    timer.unref();
    return timer;
  },
};

/**
 * Opens the keys of a BFF, once for the process. They are fetched before the first request and at four fifths of their
 * age. An unknown key also causes a fetch, at most once in 10 seconds.
 *
 * @param keys the address of the BFF's `/.well-known/bff-keys` (https, or on loopback), or the path of a file. The file
 *   contains the response of that address or public keys in PEM, and is reread every 10 seconds.
 * @throws Error for a file that contains no keys
 * @example
 * const keys = openKeys("https://app.example/.well-known/bff-keys");
 */
export function openKeys(
  keys: string,
  { failed = () => {}, clock = background }: PrincipalKeysOptions = {},
): PrincipalKeys {
  const opened = issuerKeys(keys, { clock, failed });
  return { keys: opened, clock, close: () => opened.close() };
}

/**
 * Returns the verified caller.
 *
 * @param header the value of `x-principal-signed-bin`; null or undefined if the request has none
 * @throws NotVerified if the header proves nothing, or cannot be verified now
 * @example
 * const audience = "billing.v1.BillingService";
 * const expected = { type: PrincipalSchema, issuer: "https://app.example", audience, keys };
 * const { principal } = await verifyPrincipal(headers.get(SIGNED_HEADER), expected);
 */
export async function verifyPrincipal<Desc extends DescMessage>(
  header: string | null | undefined,
  { type, issuer, audience, keys: { keys, clock } }: VerifyOptions<Desc>,
): Promise<VerifiedPrincipal<Desc>> {
  if (header === undefined || header === null || header === "") throw new NotVerified("no caller is named", 16);
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
    return readMessage(type, bytes);
  } catch {
    throw new NotVerified(`the assertion cannot be read as a ${type.typeName}`, 16);
  }
}

const dateOf = (seconds: bigint): Date => new Date(Number(seconds) * 1000);
