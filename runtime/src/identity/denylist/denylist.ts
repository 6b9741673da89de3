// Callers and addresses that the store denies, whatever their credentials permit.
import type { DescMessage } from "@bufbuild/protobuf";
import { PrincipalSchema } from "@protobff/messages/bff/v1/identity_pb.js";
import { Code, Failure } from "../../failure.ts";
import { AuthenticatedRequest } from "../authenticated-request.ts";
import { type IncomingHeaders, incomingOf } from "../incoming-request.ts";
import { Networks, plainAddress } from "../network/networks.ts";
import { denied, unavailable } from "../refusals.ts";
import type { Route, Routes } from "../routes.ts";
import type { OpenIdentity } from "../spec.ts";
import { type Denial, MAX_DENIALS } from "./deny-table.ts";

/** Maximum number of networks, each of which is compared with every address. */
export const MAX_NETWORKS = 1_000;

/** Denylist, as it was last read. */
export class Denylist {
  #reading: Reading | undefined = new Reading([]);

  /** Returns a list that refuses every request as UNAVAILABLE until its first reading. */
  static unread(): Denylist {
    const list = new Denylist();
    list.#reading = undefined;
    return list;
  }
  /**
   * Replaces all entries.
   *
   * @returns a text for each group of entries that do not apply, because the list is too long
   */
  replace(denials: readonly Denial[]): readonly string[] {
    this.#reading = new Reading(denials);
    return this.#reading.surplus;
  }
  /** Returns the refusal of a client at this address; undefined: it is not denied. */
  refusedAddress(address: string): Failure | undefined {
    if (this.#reading === undefined) return unavailable("the denylist has not been read yet");
    return refusalOf("address", this.#reading.address(address));
  }
  /** Returns the refusal of a caller; undefined: it is not denied. */
  refusedCaller({ caller }: AuthenticatedRequest): Failure | undefined {
    if (caller === undefined || this.#reading === undefined) return undefined;
    const { subject, id } = caller.credential;
    const { subjects, keys } = this.#reading;
    return (
      refusalOf(`subject ${JSON.stringify(subject)}`, subjects.get(subject)) ?? refusalOf(`key ${id}`, keys.get(id))
    );
  }
}

/** One reading of the list: reasons by value. */
class Reading {
  readonly subjects = new Map<string, string>();
  readonly keys = new Map<string, string>();
  readonly #addresses = new Map<string, string>();
  readonly #networks: { readonly networks: Networks; readonly why: string }[] = [];
  readonly surplus: string[] = [];

  constructor(denials: readonly Denial[]) {
    const networks: Denial[] = [];
    for (const denial of denials.slice(0, MAX_DENIALS)) {
      const { kind, value, why } = denial;
      if (kind === "subject") this.subjects.set(value, why);
      else if (kind === "key") this.keys.set(value, why);
      else if (value.includes("/")) networks.push(denial);
      else this.#addresses.set(plainAddress(value), why);
    }
    for (const { value, why } of networks.slice(0, MAX_NETWORKS))
      this.#networks.push({ networks: new Networks([value]), why });
    if (denials.length > MAX_DENIALS) this.surplus.push(`bff_deny: more than ${MAX_DENIALS} entries`);
    for (const { value } of networks.slice(MAX_NETWORKS))
      this.surplus.push(`bff_deny "address" ${JSON.stringify(value)}: more than ${MAX_NETWORKS} networks`);
  }
  /** Returns the reason for which an address is denied. */
  address(address: string): string | undefined {
    if (address === "") return undefined;
    return this.#addresses.get(address) ?? this.#networks.find(({ networks }) => networks.has(address))?.why;
  }
}

const refusalOf = (what: string, why: string | undefined): Failure | undefined =>
  why === undefined ? undefined : denied(`${what} is on the denylist: ${why}`, "DENIED");

/** An identity whose callers may be denied: addresses before their credentials are read, others afterwards. */
export class GuardedIdentity implements OpenIdentity {
  readonly type: DescMessage;
  readonly sources: readonly string[];
  readonly hidden: ReadonlySet<string>;
  readonly opened: Promise<void>;
  readonly #identity: OpenIdentity;
  readonly #list: Denylist;

  /** @param read resolves when the list has been read for the first time */
  constructor(identity: OpenIdentity, list: Denylist, read: Promise<void> = Promise.resolve()) {
    this.#identity = identity;
    this.#list = list;
    this.type = identity.type;
    this.sources = identity.sources;
    this.hidden = identity.hidden;
    this.opened = Promise.all([identity.opened, read]).then(() => {});
  }
  get routes(): Routes {
    return new Map([...this.#identity.routes].map(([path, route]) => [path, this.#guardedRoute(route)]));
  }
  /** A login, for example, is closed to denied addresses. */
  #guardedRoute(route: Route): Route {
    return (request) => {
      const refusal = this.#list.refusedAddress(request.headers.peer.address);
      if (refusal === undefined) return route(request);
      return { status: refusal.clientCode === Code.PERMISSION_DENIED ? 403 : 503 };
    };
  }
  authenticate(headers: IncomingHeaders): AuthenticatedRequest | Failure | Promise<AuthenticatedRequest> {
    const refusal = this.#list.refusedAddress(incomingOf(headers).peer.address);
    if (refusal !== undefined) return refusal;
    const found = this.#identity.authenticate(headers);
    if (!(found instanceof Promise)) return found instanceof AuthenticatedRequest ? this.#checked(found) : found;
    return found.then((request) => {
      const checked = this.#checked(request);
      if (checked instanceof Failure) throw checked;
      return checked;
    });
  }
  #checked(request: AuthenticatedRequest): AuthenticatedRequest | Failure {
    const { recheck: ofCredential } = request;
    request.recheck = () =>
      this.#list.refusedAddress(request.peer.address) ?? this.#list.refusedCaller(request) ?? ofCredential?.();
    return this.#list.refusedCaller(request) ?? request;
  }
  async close(): Promise<void> {
    await this.#identity.close();
  }
}

/** An identity without sources, for packages that declare none. */
export const NO_CALLERS: OpenIdentity = {
  type: PrincipalSchema,
  sources: [],
  hidden: new Set(),
  opened: Promise.resolve(),
  routes: new Map(),
  authenticate: (headers) =>
    new AuthenticatedRequest(headers, NO_CALLERS.hidden, {
      caller: undefined,
      peer: incomingOf(headers).peer,
      answer: [],
    }),
  close: async () => {},
};
