// Callers and addresses that the store denies, whatever their credentials permit.
import type { DescMessage } from "@bufbuild/protobuf";
import { Failure } from "../../failure.ts";
import { AuthenticatedRequest } from "../authenticated-request.ts";
import { type IncomingHeaders, incomingOf } from "../incoming-request.ts";
import { Networks, plainAddress } from "../network/networks.ts";
import { denied } from "../refusals.ts";
import type { Routes } from "../routes.ts";
import type { OpenIdentity } from "../spec.ts";
import { type Denial, MOST_DENIALS } from "./deny-table.ts";

/** Maximum number of networks, each of which is compared with every address. */
export const MOST_NETWORKS = 1_000;

/** Denylist, as it was last read. */
export class Denylist {
  #reading = new Reading([]);

  /**
   * Replaces all entries.
   *
   * @throws RangeError for a list that is too long, or an address that is none
   */
  replace(denials: readonly Denial[]): void {
    this.#reading = new Reading(denials);
  }
  /** Returns the refusal of a client at this address; undefined: it is not denied. */
  refusedAddress(address: string): Failure | undefined {
    return refusalOf("address", this.#reading.address(address));
  }
  /** Returns the refusal of a caller; undefined: it is not denied. */
  refusedCaller({ caller }: AuthenticatedRequest): Failure | undefined {
    if (caller === undefined) return undefined;
    const { subject, id } = caller.credential;
    return (
      refusalOf(`subject ${JSON.stringify(subject)}`, this.#reading.subjects.get(subject)) ??
      refusalOf(`key ${id}`, this.#reading.keys.get(id))
    );
  }
}

/** One reading of the list: reasons by value. */
class Reading {
  readonly subjects = new Map<string, string>();
  readonly keys = new Map<string, string>();
  readonly #addresses = new Map<string, string>();
  readonly #networks: { readonly networks: Networks; readonly why: string }[] = [];

  /** @throws RangeError for a list that is too long, or an address that is none */
  constructor(denials: readonly Denial[]) {
    if (denials.length > MOST_DENIALS) throw new RangeError(`the denylist has more than ${MOST_DENIALS} entries`);
    for (const { kind, value, why } of denials) {
      if (kind === "subject") this.subjects.set(value, why);
      else if (kind === "key") this.keys.set(value, why);
      else if (value.includes("/")) this.#networks.push({ networks: new Networks([value]), why });
      else this.#addresses.set(plainAddress(value), why);
    }
    if (this.#networks.length > MOST_NETWORKS)
      throw new RangeError(`the denylist has more than ${MOST_NETWORKS} networks`);
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
  readonly routes: Routes;
  readonly #identity: OpenIdentity;
  readonly #list: Denylist;

  constructor(identity: OpenIdentity, list: Denylist) {
    this.#identity = identity;
    this.#list = list;
    this.type = identity.type;
    this.sources = identity.sources;
    this.hidden = identity.hidden;
    this.opened = identity.opened;
    this.routes = identity.routes;
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
    request.recheck = () => this.#list.refusedAddress(request.peer.address) ?? this.#list.refusedCaller(request);
    return this.#list.refusedCaller(request) ?? request;
  }
  async close(): Promise<void> {
    await this.#identity.close();
  }
}
