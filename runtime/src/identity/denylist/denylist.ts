// Callers and addresses that the store denies, whatever their credentials permit.
import type { DescMessage } from "@bufbuild/protobuf";
import type { Clock, Timer } from "../../clock.ts";
import type { Failure } from "../../failure.ts";
import { AuthenticatedRequest } from "../authenticated-request.ts";
import { type IncomingHeaders, incomingOf } from "../incoming-request.ts";
import { Networks, plainAddress } from "../network/networks.ts";
import { denied } from "../refusals.ts";
import type { Routes } from "../routes.ts";
import type { OpenIdentity } from "../spec.ts";
import { type Denial, type DenyStore, MOST_DENIALS } from "./deny-table.ts";

/** Interval between two readings, in milliseconds. */
const READ_MS = 5_000;
/** Maximum number of networks, each of which is compared with every address. */
export const MOST_NETWORKS = 1_000;

/** Denylist of a store, read anew every 5 s. */
export class Denylist {
  readonly #store: DenyStore;
  readonly #clock: Clock;
  #reading = new Reading([]);
  #timer: Timer | undefined;
  #fault: ((message: string, cause: unknown) => void) | undefined;
  #closed = false;

  private constructor(store: DenyStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }
  /**
   * Reads the list for the first time.
   *
   * @throws Error if the store cannot be read, or the list is too long
   */
  static async open(store: DenyStore, clock: Clock): Promise<Denylist> {
    const list = new Denylist(store, clock);
    await store.openDenials();
    list.#reading = await list.#read();
    return list;
  }
  /** Reads the list again every 5 s. A reading that fails leaves the last one. */
  watch(fault: (message: string, cause: unknown) => void): void {
    this.#fault = fault;
    this.#timer = this.#clock.setTimeout((list: Denylist) => void list.#renew(), READ_MS, this);
  }
  async #renew(): Promise<void> {
    try {
      this.#reading = await this.#read();
    } catch (error) {
      this.#fault?.("the denylist cannot be read, and its last reading stays", error);
    }
    if (!this.#closed && this.#fault !== undefined) this.watch(this.#fault);
  }
  async #read(): Promise<Reading> {
    return new Reading(await this.#store.denials(Math.floor(this.#clock.date().getTime() / 1000)));
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
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer);
    await this.#store.close();
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
    if (!(found instanceof Promise))
      return found instanceof AuthenticatedRequest ? (this.#list.refusedCaller(found) ?? found) : found;
    return found.then((request) => {
      const refused = this.#list.refusedCaller(request);
      if (refused !== undefined) throw refused;
      return request;
    });
  }
  async close(): Promise<void> {
    await Promise.all([this.#identity.close(), this.#list.close()]);
  }
}
