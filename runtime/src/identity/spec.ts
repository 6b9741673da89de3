import type { DescMessage, Message } from "@bufbuild/protobuf";
import type { Clock } from "../clock.ts";
import type { AuditEvent } from "../observer.ts";
import type { Identity } from "./identity.ts";
import type { Routes } from "./routes.ts";
import type { Settings } from "./settings.ts";
import type { Source } from "./source.ts";
import type { SourceIssuer } from "./source-issuer.ts";

/** What sources are given of the process. */
export interface SourceParts {
  readonly clock: Clock;
  /** The identity's message, of which principals are. */
  readonly type: DescMessage;
  readonly audit: (event: AuditEvent) => void;
  /** Takes what has gone wrong, and not for one request alone; `what` is the same text for faults of one kind. */
  readonly fault: (what: string, cause: unknown) => void;
  /** Is told whenever the keys of an issuer have been fetched, by the name of the source. */
  readonly fetched?: ((source: string) => void) | undefined;
}

/**
 * One source of an identity, as declared: first it reads what it needs of the environment, then it is opened.
 *
 * @typeParam P of principals, as `principal` of its options gives them
 */
export interface SourceSpec<out P extends Message = Message> {
  /** As declared. */
  readonly name: string;
  /** Only for its type. */
  readonly principal?: P | undefined;
  /** Whether it counts only over connections with client certificates. */
  readonly byCertificate?: boolean | undefined;
  /** Whether its credentials stand in cookies. */
  readonly byCookie?: boolean | undefined;
  /** Undefined for credentials without an issuer. */
  readonly issued?: SourceIssuer | undefined;
  /** Reads its variables, and loads the packages that it needs: one that is not installed is a fault, too. Called once, before `open`. */
  configure?(settings: Settings): void | Promise<void>;
  /** What judges. It resolves soon, and never rejects for want of something outside: see `Source.opened`. */
  open(parts: SourceParts): Source | Promise<Source>;
}

/** The identity of a package, as declared: `createIdentity` gives one. */
export interface IdentitySpec<out P extends Message = Message> {
  readonly type: DescMessage;
  /** The names of its sources, as declared. */
  readonly sources: readonly string[];
  /** The first of them, if any, that counts only over connections with client certificates. */
  readonly byCertificate: string | undefined;
  /** The first of them, if any, whose credentials stand in cookies. */
  readonly byCookie: string | undefined;
  configure(settings: Settings): Promise<void>;
  open(parts: Omit<SourceParts, "type">): Promise<OpenIdentity<P>>;
}

/** An identity that judges. */
export interface OpenIdentity<out P extends Message = Message> extends Identity<P> {
  /** Resolves when all of its sources can judge for the first time. */
  readonly opened: Promise<void>;
  /** What its sources serve besides rpcs, by path. */
  readonly routes: Routes;
  close(): Promise<void>;
}
