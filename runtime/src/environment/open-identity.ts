import type { Message } from "@bufbuild/protobuf";
import { type Clock, systemClock } from "../clock.ts";
import type { IdentitySpec, OpenIdentity } from "../identity/spec.ts";
import type { AuditEvent } from "../observer-requests.ts";
import { type ConfigFault, type Environment, EnvReader, faultLines } from "./env-reader.ts";
import type { ServerFault } from "./server-fault.ts";

/** Options of `openIdentity`: the variables, the clock, and the receivers of audit events and faults. */
export interface OpenIdentityOptions {
  /** Default: that of the process. */
  readonly environment?: Environment | undefined;
  readonly clock?: Clock | undefined;
  /**
   * Receives audit events of sources, for example a login. Refused requests are reported to the endpoints' observer.
   */
  readonly audit?: ((event: AuditEvent) => void) | undefined;
  /** Receives faults outside of requests. Default: prints them on standard error. */
  readonly fault?: ServerFault | undefined;
}

/**
 * Opens an identity for a custom server; `serve` does it by itself. Close it when the server has ended.
 *
 * @throws Error that names every variable that is missing or malformed
 * @example
 * const identity = await openIdentity(createIdentity({ OIDC_ISSUER: "https://id.example" }));
 * const endpoints = createShopService({ upstreams, env: {}, identity });
 */
export async function openIdentity<P extends Message>(
  spec: IdentitySpec<P>,
  { environment = process.env, clock = systemClock, audit = () => {}, fault = printed }: OpenIdentityOptions = {},
): Promise<OpenIdentity<P>> {
  const faults: ConfigFault[] = [];
  await spec.configure(new EnvReader(environment, faults));
  if (faults.length > 0) throw new Error(`the identity cannot be opened: ${faultLines(faults)}`);
  return spec.open({ clock, audit, fault });
}

function printed(message: string, cause: unknown): void {
  console.error(`${message}:`, cause);
}
