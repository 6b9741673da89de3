import type { DescMessage, Message, MessageShape } from "@bufbuild/protobuf";
import type { Credential, Principal } from "@protobff/messages/bff/v1/identity_pb.js";
import { namePattern } from "../network/names.ts";
import { issuerSubject } from "../one-issuer.ts";
import { callerOf } from "../principal.ts";
import type { Settings } from "../settings.ts";
import type { Place } from "../source.ts";
import type { SourceParts, SourceSpec } from "../spec.ts";
import { ALGORITHMS, DEFAULT_ALGORITHMS } from "./algorithms.ts";
import { isTrustworthy } from "./fetch-document.ts";
import { type Jose, loadJose } from "./jose.ts";
import { JwtSource } from "./jwt-source.ts";
import { KeySet } from "./key-set.ts";
import { type KeyPlace, problemOfIssuer } from "./locate-keys.ts";

/** Options of `jwt` of a source. An omitted option has its default. */
export interface JwtOptions<P extends Message, Claims extends DescMessage | undefined> {
  /** Name of the source. */
  readonly name: string;
  /** Exact value of `iss` in the tokens, byte for byte. */
  readonly issuer: string;
  /** Variables of the environment that the issuer is made of, for faults. */
  readonly issuerVariables?: readonly string[];
  /** Accepted audiences: `aud` of a token must contain one of them. */
  readonly audience: readonly string[];
  /** Address of the issuer's keys. Default: the address in the issuer's OpenID discovery document. */
  readonly jwks?: string;
  /** Message type of payloads. */
  readonly claims?: Claims;
  /** Lower-case; by default `authorization`, where the scheme is Bearer. */
  readonly header?: string;
  /** Name of the cookie that replaces the header. */
  readonly cookie?: string;
  readonly algorithms?: readonly string[];
  /** Accepted difference between the issuer's clock and ours, in milliseconds. */
  readonly leewayMs?: number;
  /** Time for which keys stay valid beyond their age while the issuer is unavailable, in milliseconds. */
  readonly maxStaleMs?: number;
  /** A SPIFFE id with `*` for whole segments, which `sub` must match. */
  readonly subject?: string;
  /** As in `Source`. */
  readonly from?: readonly string[];
  /** By default the default principal, filled from the credential. */
  readonly principal?: (
    claims: Claims extends DescMessage ? MessageShape<Claims> : undefined,
    credential: Credential,
  ) => P;
}

const LEEWAY_MS = 30_000;
const MAX_STALE_MS = 24 * 3_600_000;

/**
 * Returns a source that authenticates callers by a JSON Web Token (RFC 7519) of an issuer.
 *
 * @example
 * const user = jwt({ name: "user", issuer: "https://id.example", audience: ["shop"] });
 */
export function jwt<P extends Message = Principal, Claims extends DescMessage | undefined = undefined>(
  options: JwtOptions<P, Claims>,
): SourceSpec<P> {
  let jose: Jose | undefined;
  return {
    name: options.name,
    byCertificate: (options.from ?? []).length > 0,
    byCookie: options.cookie !== undefined,
    issued: {
      place: `jwt ${options.cookie ?? options.header ?? "authorization"}${options.cookie === undefined ? "" : " cookie"}`,
      issuer: options.issuer,
      variables: options.issuerVariables ?? [],
    },
    async configure(settings) {
      checkOptions(options, settings);
      jose = await loadJose().catch(() => {
        settings.fault("jose", `is not installed, which source ${options.name} needs`, "npm install jose@6");
        return undefined;
      });
    },
    async open(parts) {
      return opened(options, jose ?? (await loadJose()), parts);
    },
  };
}

function opened<P extends Message, Claims extends DescMessage | undefined>(
  options: JwtOptions<P, Claims>,
  jose: Jose,
  { clock, type, fault, fetched }: SourceParts,
): JwtSource {
  const { name, issuer, audience, claims, subject, principal } = options;
  const keys = new KeySet({
    place: placeOfKeys(options),
    maxStaleMs: options.maxStaleMs ?? MAX_STALE_MS,
    clock,
    jose,
    failed: (error) => fault(`keys of source ${name} cannot be fetched`, error),
    fetched: () => fetched?.(name),
  });
  return new JwtSource({
    name,
    claims,
    keys,
    jose,
    clock,
    place: placeOf(options),
    from: options.from ?? [],
    rules: {
      issuer,
      audience,
      algorithms: options.algorithms ?? DEFAULT_ALGORITHMS,
      leewayMs: options.leewayMs ?? LEEWAY_MS,
      subject: subject === undefined ? undefined : namePattern(subject),
    },
    accept(credential, decoded, token) {
      // The decoded message is of the type that the options name.
      const set = principal && (() => principal(decoded as Parameters<typeof principal>[0], credential));
      const read = claims && decoded && { type: claims, message: decoded };
      return callerOf({ type, credential, principal: set, claims: read, token });
    },
  });
}

type Options = JwtOptions<Message, DescMessage | undefined>;

function placeOf({ header = "authorization", cookie }: Pick<Options, "header" | "cookie">): Place {
  if (cookie !== undefined) return { kind: "cookie", name: cookie };
  return { kind: "header", name: header, scheme: header === "authorization" ? "bearer" : undefined };
}

function placeOfKeys({ issuer, jwks }: Pick<Options, "issuer" | "jwks">): KeyPlace {
  return jwks === undefined ? { kind: "discovery", issuer } : { kind: "address", address: jwks };
}

/**
 * Reports faults of options whose variables are available only at the start. Values are not repeated, because an
 * address may contain a password.
 */
function checkOptions(
  { name, issuer, issuerVariables, audience, jwks, algorithms = [], subject }: Omit<Options, "principal">,
  settings: Settings,
): void {
  const address = "an address with https://, or one with http:// on loopback";
  const missing = issuer === "" ? "is empty" : undefined;
  const problem = jwks === undefined ? problemOfIssuer(issuer) : missing;
  if (problem !== undefined) settings.fault(issuerSubject(name, issuerVariables), problem, address);
  if (jwks !== undefined && !isTrustworthy(jwks)) {
    settings.fault(`jwks of source ${name}`, "is neither an https address nor one on loopback", address);
  }
  if (audience.length === 0 || audience.includes(""))
    settings.fault(`audience of source ${name}`, "is empty", "a text");
  const unknown = algorithms.find((algorithm) => !ALGORITHMS.includes(algorithm));
  if (unknown !== undefined) {
    settings.fault(`algorithm of source ${name}`, `is ${JSON.stringify(unknown)}`, `one of ${ALGORITHMS.join(", ")}`);
  }
  if (subject !== undefined && !subject.includes("://")) {
    settings.fault(`subject of source ${name}`, "is no SPIFFE id", "one like spiffe://acme.example/ns/*");
  }
}
