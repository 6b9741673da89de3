// Callers of tools: early limits and credentials, before a message is read (MCP 2026-07-28, Authorization).
import { Admission, Denied, type Verdict } from "@protobff/runtime/internal/admission/admission";
import { systemClock } from "@protobff/runtime/internal/clock";
import { asFailure } from "@protobff/runtime/internal/failure";
import { AuthenticatedRequest } from "@protobff/runtime/internal/identity/authenticated-request";
import type { Incoming, IncomingHeaders } from "@protobff/runtime/internal/identity/incoming-request";
import { unauthenticated } from "@protobff/runtime/internal/identity/refusals";
import type { McpServerOptions } from "./request.ts";
import type { ServedTool } from "./tool-set.ts";

/** Name in events of requests that call no rpc. */
const AUDITED = "mcp";
/** Time limit for credentials of requests that name no rpc, in milliseconds. */
const IDENTIFY_MS = 10_000;
const DISCOVER = "server/discover";
const NONE: ReadonlySet<string> = new Set();

/** Method and tool of a message that is not read yet, as its client declares them. */
export interface Claim {
  readonly method: string | null;
  readonly name: unknown;
  /** As of `McpRequest`. */
  readonly authority: string | undefined;
}

export class Callers {
  readonly #options: McpServerOptions;
  readonly #identify: (incoming: Incoming) => Verdict | Promise<Verdict>;

  constructor(options: McpServerOptions) {
    const { identity, observer } = options;
    this.#options = options;
    if (identity === undefined) {
      this.#identify = (incoming) =>
        new AuthenticatedRequest(incoming, NONE, { caller: undefined, peer: incoming.peer, answer: [] });
      return;
    }
    const audit = observer?.audit?.bind(observer);
    const parts = { method: AUDITED, clock: systemClock, observer: audit && { audit } };
    const admission = new Admission({ ...parts, identity, permit: {}, timeoutMs: IDENTIFY_MS });
    this.#identify = (incoming) => admission.identify(incoming);
  }

  /** True if a caller without a credential may send this method. */
  isOpen(method: string | null): boolean {
    return this.#options.tools.isPublic || method === DISCOVER;
  }
  /**
   * Charges the early limits of the packages, then verifies the credential. The rpc of a declared tool reports a refusal.
   * Never throws, and its promise never rejects.
   */
  admit(incoming: Incoming, claim: Claim): Verdict | Promise<Verdict> {
    try {
      const denied = this.#options.tools.arrive(incoming, AUDITED);
      if (!(denied instanceof Promise)) return denied ?? this.#verified(incoming, claim);
      return denied.then((found) => found ?? this.#verified(incoming, claim)).catch(this.#broken);
    } catch (thrown) {
      return this.#broken(thrown);
    }
  }
  readonly #broken = (thrown: unknown): Denied => {
    this.#options.fault("cannot admit a request for tools", thrown);
    return new Denied(asFailure(thrown));
  };

  #verified(incoming: Incoming, { method, name, authority }: Claim): Verdict | Promise<Verdict> {
    const served = method === "tools/call" ? this.#options.tools.get(name, authority) : undefined;
    const verdict = (served?.endpoint.identify ?? this.#identify)(incoming);
    const known = (found: Verdict): Verdict | Promise<Verdict> =>
      found instanceof Denied || found.caller !== undefined || this.isOpen(method) ? found : missing(found, served);
    return verdict instanceof Promise ? verdict.then(known) : known(verdict);
  }
}

/** Returns the refusal of a request without a credential. */
async function missing(request: AuthenticatedRequest, served: ServedTool | undefined): Promise<Denied> {
  const verdict = served && (await permitted(served, request));
  return verdict instanceof Denied
    ? verdict
    : new Denied(unauthenticated("no credential", undefined, "CREDENTIAL_MISSING"));
}

/** Checks what an rpc requires of its caller before it reads a message. Undefined: every caller is admitted. */
export function permitted(
  { endpoint: { authenticate, arrival } }: ServedTool,
  request: IncomingHeaders,
): Verdict | Promise<Verdict> | undefined {
  return arrival === undefined ? authenticate?.(request) : arrival.authenticateArrived(request);
}
