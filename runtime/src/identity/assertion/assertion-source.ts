import { hash } from "node:crypto";
import { create, type DescMessage, type Message } from "@bufbuild/protobuf";
import { CredentialSchema } from "@protobff/messages/bff/v1/identity_pb.js";
import type { Clock } from "../../clock.ts";
import { readMessage } from "../../wire/reader.ts";
import type { Caller } from "../caller.ts";
import { CredentialCache, MAX_CALLERS, weightOf } from "../credential-cache.ts";
import type { Key } from "../jwt/keys.ts";
import { callerOf } from "../principal.ts";
import { type AssertionExpectation, issuerOf, MAX_CHARACTERS, SKEW_S } from "../propagation/assertion.ts";
import { SIGNED_HEADER } from "../propagation/propagator.ts";
import { unauthenticated } from "../refusals.ts";
import type { Place, Source } from "../source.ts";
import type { AssertionOptions } from "./assertion-options.ts";
import { type IssuerKeys, verifyAssertion } from "./verify-assertion.ts";

/** An assertion that has been accepted. */
interface Known {
  readonly caller: Caller;
  readonly key: Key;
  /** The wall clock's second from which on it has expired. */
  readonly until: number;
}

/**
 * Callers whom another deployment has known. Each assertion is verified once, and remembered until it expires or its key is withdrawn;
 * refusals are not remembered.
 */
export class AssertionSource implements Source {
  readonly name: string;
  readonly place: Place;
  readonly ambient = false;
  readonly from: readonly string[];
  readonly opened: Promise<void>;
  readonly #options: AssertionOptions<Message, DescMessage>;
  readonly #type: DescMessage;
  readonly #clock: Clock;
  readonly #keys: IssuerKeys;
  /** By the digest of the header. */
  readonly #known = new CredentialCache<Known>(MAX_CALLERS, ({ caller }) => weightOf(caller));

  constructor(
    options: AssertionOptions<Message, DescMessage>,
    type: DescMessage,
    { clock, keys }: { readonly clock: Clock; readonly keys: IssuerKeys },
  ) {
    this.name = options.name;
    this.place = { kind: "header", name: (options.header ?? SIGNED_HEADER).toLowerCase(), scheme: undefined };
    this.from = options.from ?? [];
    this.opened = keys.opened;
    this.#options = options;
    this.#type = type;
    this.#clock = clock;
    this.#keys = keys;
  }

  owns(header: string): boolean {
    return issuerOf(header) === this.#options.issuer;
  }

  verify(header: string): Caller | Promise<Caller> {
    if (header.length > MAX_CHARACTERS) throw unauthenticated("the assertion is too long");
    const digest = hash("sha256", header, "base64");
    const now = Math.floor(this.#clock.date().getTime() / 1000);
    const known = this.#known.get(digest);
    if (known?.key.live && known.until > now && this.#keys.serving) return known.caller;
    this.#known.delete(digest);
    return this.#verified(header, digest, { issuer: this.#options.issuer, audience: this.#options.audience, now });
  }

  /** A key that the issuer has withdrawn ends its assertions. */
  readonly verifyAgain: Source["verify"] = (header) => this.verify(header);

  close(): Promise<void> {
    return this.#keys.close();
  }

  async #verified(header: string, digest: string, expected: AssertionExpectation): Promise<Caller> {
    const { assertion, key } = await verifyAssertion(header, this.#keys, expected);
    const { claims: schema = this.#type, principal } = this.#options;
    if (assertion.type !== schema.typeName)
      throw unauthenticated(
        `the assertion holds ${JSON.stringify(assertion.type.slice(0, 100))}, not a ${schema.typeName}`,
      );
    let claims: Message;
    try {
      claims = readMessage(schema, assertion.principal);
    } catch {
      throw unauthenticated(`the assertion cannot be read as a ${schema.typeName}`);
    }
    const { expires, issuer } = assertion;
    const credential = create(CredentialSchema, { source: this.name, issuer, subject: subjectOf(claims), expires });
    // Other claims, and nothing set: the default principal, filled from the credential.
    const itself = schema.typeName === this.#type.typeName ? () => claims : undefined;
    const set = principal === undefined ? itself : () => principal(claims, credential);
    const read = { type: schema, message: claims };
    const caller = callerOf({ type: this.#type, credential, principal: set, claims: read });
    if (key.live) this.#known.set(digest, { caller, key, until: Number(expires) + SKEW_S });
    return caller;
  }
}

function subjectOf(message: Message): string {
  const value: unknown = (message as { readonly subject?: unknown }).subject;
  return typeof value === "string" ? value : "";
}
