import { hash } from "node:crypto";
import { create, createRegistry, type DescMessage, type Message, type MessageShape } from "@bufbuild/protobuf";

import { type Credential, CredentialSchema, type Principal } from "@protobff/messages/bff/v1/identity_pb.js";

import { readJson } from "../../json/read-json.ts";

import { readMessage } from "../../wire/reader.ts";

import { BASE64, BASE64URL } from "../base64.ts";

import type { Caller } from "../caller.ts";
import { CredentialCache, MAX_CALLERS, weightOf } from "../credential-cache.ts";
import type { Incoming } from "../incoming-request.ts";
import { callerOf } from "../principal.ts";
import { unauthenticated } from "../refusals.ts";
import type { Place, Source } from "../source.ts";
import type { SourceParts, SourceSpec } from "../spec.ts";
import { Networks, readNetworks, TRUSTED_PROXIES } from "./networks.ts";

/** Options of a header in which a gateway in front sends the caller that it has verified. */
export interface TrustedOptions<C extends DescMessage, P extends Message> {
  readonly name: string;
  /** Holds ProtoJSON in base64url, or in `-bin` the bytes of the message. */
  readonly header: string;
  /** Message type of the header. Default: the principal itself. */
  readonly claims?: C | undefined;
  readonly principal?: ((claims: MessageShape<C>, credential: Credential) => P) | undefined;
  /** Certificate names of the gateways. Default: gateways at addresses of BFF_TRUSTED_PROXIES. */
  readonly from?: readonly string[] | undefined;
}

const NO_TYPES = createRegistry();
/** Maximum length of the header, in characters. A longer header is refused. */
const MAX_CHARACTERS = 64 << 10;

/**
 * Returns a source that trusts a gateway in front, over connections that only the gateway can have.
 *
 * @example
 * const gateway = trusted({ name: "gateway", header: "x-caller-bin" });
 */
export function trusted<P extends Message = Principal, C extends DescMessage = DescMessage>(
  options: TrustedOptions<C, P>,
): SourceSpec<P> {
  const { name, from = [] } = options;
  const byCertificate = from.length > 0;
  let proxies = new Networks([]);
  return {
    name,
    byCertificate,
    configure(settings) {
      if (byCertificate) return;
      const networks = readNetworks(settings);
      if (networks !== undefined) proxies = networks;
      else if (settings.optional(TRUSTED_PROXIES) === undefined) {
        const problem = `is not set, and the source ${name} counts only for requests that come from there`;
        settings.fault(TRUSTED_PROXIES, problem, "the addresses and networks of the gateways, like 10.0.0.0/8");
      }
    },
    open: (parts) =>
      new TrustedSource(options as TrustedOptions<DescMessage, Message>, parts, byCertificate ? undefined : proxies),
  };
}

class TrustedSource implements Source {
  readonly name: string;
  readonly place: Place;
  readonly ambient = false;
  readonly from: readonly string[];
  readonly opened = Promise.resolve();
  readonly #options: TrustedOptions<DescMessage, Message>;
  readonly #type: DescMessage;
  /** Networks of the gateways. Undefined if certificates identify the gateways. */
  readonly #proxies: Networks | undefined;
  /** Callers by the digest of the header. */
  readonly #known = new CredentialCache<Caller>(MAX_CALLERS, weightOf);

  constructor(options: TrustedOptions<DescMessage, Message>, { type }: SourceParts, proxies: Networks | undefined) {
    this.name = options.name;
    this.place = { kind: "header", name: options.header.toLowerCase(), scheme: undefined };
    this.from = options.from ?? [];
    this.#options = options;
    this.#type = type;
    this.#proxies = proxies;
  }
  owns(): boolean {
    return true;
  }
  verify(header: string, { peer }: Incoming): Caller {
    if (this.#proxies !== undefined && !this.#proxies.has(peer.direct))
      throw unauthenticated(`${this.name}: not from a trusted address`);
    if (header.length > MAX_CHARACTERS) throw unauthenticated(`${this.name}: too long`);
    const digest = hash("sha256", header, "base64");
    const known = this.#known.get(digest);
    if (known !== undefined) return known;
    const caller = this.#read(header);
    this.#known.set(digest, caller);
    return caller;
  }
  #read(header: string): Caller {
    const { name, claims: schema = this.#type, principal, claims: declared } = this.#options;
    const claims = this.#decoded(schema, header);
    const subject = textOf(claims, "subject") || textOf(claims, "sub");
    const credential = create(CredentialSchema, { source: name, issuer: name, subject });
    const itself = declared === undefined ? () => claims : undefined;
    const set = principal === undefined ? itself : () => principal(claims, credential);
    return callerOf({ type: this.#type, credential, principal: set, claims: { type: schema, message: claims } });
  }
  #decoded(schema: DescMessage, header: string): Message {
    const isBinary = this.#options.header.toLowerCase().endsWith("-bin");
    if (!(isBinary ? BASE64 : BASE64URL).test(header)) throw unauthenticated(`${this.name}: no base64`);
    try {
      const bytes = Buffer.from(header, isBinary ? "base64" : "base64url");
      if (isBinary) return readMessage(schema, bytes);
      return readJson(schema, bytes.toString(), { registry: NO_TYPES, ignoreUnknownFields: true });
    } catch {
      throw unauthenticated(`${this.name}: cannot be read as ${schema.typeName}`);
    }
  }
  async close(): Promise<void> {}
}

function textOf(message: Message, field: string): string {
  const value: unknown = (message as { readonly [name: string]: unknown })[field];
  return typeof value === "string" ? value : "";
}
