import type { DescMessage, Message } from "@bufbuild/protobuf";
import type { Clock } from "../clock.ts";
import type { AuditEvent } from "../observer-requests.ts";
import type { Identity } from "./identity.ts";
import type { Routes } from "./routes.ts";
import type { Settings } from "./settings.ts";
import type { Source } from "./source.ts";
import type { SourceIssuer } from "./source-issuer.ts";

/** Parts of the process that sources receive. */
export interface SourceParts {
  readonly clock: Clock;
  /** Message type of the identity's principals. */
  readonly type: DescMessage;
  readonly audit: (event: AuditEvent) => void;
  /** Reports a fault that affects more than one request. `what` is the same text for faults of one kind. */
  readonly fault: (message: string, cause: unknown) => void;
  /** Called with the name of the source after each fetch of an issuer's keys. */
  readonly fetched?: ((source: string) => void) | undefined;
  /** Path below which the routes of sources are reached, such as `/api`. Default: the root. */
  readonly basePath?: string | undefined;
}

/**
 * One source of an identity, as declared. It reads its environment variables first, and is opened afterwards.
 *
 * @typeParam P of principals, as `principal` of its options gives them
 */
export interface SourceSpec<out P extends Message = Message> {
  /** Name of the source, as declared. */
  readonly name: string;
  /** Only for its type. */
  readonly principal?: P | undefined;
  /** True if the source counts only over connections with client certificates. */
  readonly byCertificate?: boolean | undefined;
  /** True if the source reads its credentials from cookies. */
  readonly byCookie?: boolean | undefined;
  /** Undefined for credentials without an issuer. */
  readonly issued?: SourceIssuer | undefined;
  /**
   * Reads its variables, and loads the packages that it needs. A package that is not installed is a fault, too. Called
   * once, before `open`.
   */
  configure?(settings: Settings): void | Promise<void>;
  /**
   * Opens the source. The promise resolves soon, and never rejects because of an external dependency: see
   * `Source.opened`.
   */
  open(parts: SourceParts): Source | Promise<Source>;
}

/** The identity of a package, as declared: `createIdentity` gives one. */
export interface IdentitySpec<out P extends Message = Message> {
  readonly type: DescMessage;
  /** The names of its sources, as declared. */
  readonly sources: readonly string[];
  /** Name of the first source, if any, that counts only over connections with client certificates. */
  readonly byCertificate: string | undefined;
  /** Name of the first source, if any, that reads its credentials from cookies. */
  readonly byCookie: string | undefined;
  /** Issuers of its tokens in `authorization`. */
  readonly issuers: readonly string[];
  configure(settings: Settings): Promise<void>;
  open(parts: Omit<SourceParts, "type">): Promise<OpenIdentity<P>>;
}

/** An identity that can authenticate requests. */
export interface OpenIdentity<out P extends Message = Message> extends Identity<P> {
  /** Resolves when all sources can verify for the first time. */
  readonly opened: Promise<void>;
  /** Routes that its sources serve besides RPCs, by path. */
  readonly routes: Routes;
  close(): Promise<void>;
}
