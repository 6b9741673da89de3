import type { DescMessage, Message } from "@bufbuild/protobuf";
import type { AuthenticatedRequest } from "./authenticated-request.ts";
import type { IncomingHeaders } from "./incoming.ts";

/** Who is calling the services of a package. Made by the generated `createIdentity`; endpoints ask it before anything else. */
export interface Identity<out P extends Message = Message> {
  /** The principal's message. */
  readonly type: DescMessage;
  /** Only for its type. */
  readonly principal?: P | undefined;
  /** The names of its sources, as declared. */
  readonly sources: readonly string[];
  /** Names of headers that hold credentials, in lower case: nobody but the judging reads them. */
  readonly hidden: ReadonlySet<string>;
  /**
   * Judges what a request presents. A promise only where something has to be asked.
   *
   * @throws Failure UNAUTHENTICATED for a bad credential or several; UNAVAILABLE where that cannot be judged now
   */
  judge(headers: IncomingHeaders): AuthenticatedRequest | Promise<AuthenticatedRequest>;
}
