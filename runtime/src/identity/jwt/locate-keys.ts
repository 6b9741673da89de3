import { type IssuerDocument, isLoopback, isTrustworthy } from "./fetch-document.ts";

/** Place of an issuer's keys: an address in the options, or the issuer of an OpenID discovery document. */
export type KeyPlace =
  | { readonly kind: "address"; readonly address: string }
  | { readonly kind: "discovery"; readonly issuer: string };

/**
 * Returns the address of an issuer's discovery document: OpenID Connect Discovery 1.0, section 4.
 *
 * @param issuer an `https` address without query and fragment, or one on loopback
 */
function discoveryAddress(issuer: string): string {
  return `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
}

/**
 * Returns the reason why an issuer's discovery document cannot be fetched; undefined if it can. The reason is the end
 * of a sentence that begins with its name.
 */
export function problemOfIssuer(issuer: string): string | undefined {
  if (!isTrustworthy(issuer)) return "is neither an https address nor one on loopback";
  return issuer.includes("?") ? "has a query in it" : undefined;
}

/**
 * Returns the address of the keys.
 *
 * @throws Error whose message describes the problem
 */
export async function locateKeys(
  place: KeyPlace,
  fetch: (address: string) => Promise<IssuerDocument>,
): Promise<string> {
  if (place.kind === "address") return place.address;
  const { issuer } = place;
  const address = discoveryAddress(issuer);
  const { text } = await fetch(address);
  return withAddress(address, () => keysNamedBy(parsed(text), issuer));
}

function keysNamedBy(document: Readonly<Record<string, unknown>>, issuer: string): string {
  if (document.issuer !== issuer)
    throw new Error(`has the issuer ${shown(document.issuer)}, expected ${shown(issuer)}`);
  const { jwks_uri: keys } = document;
  if (typeof keys !== "string" || !isTrustworthy(keys)) throw new Error("has no jwks_uri with https");
  // Otherwise an issuer could direct requests of this machine to its own loopback.
  if (isLoopback(keys) && !isLoopback(issuer)) throw new Error("has a jwks_uri on loopback");
  return keys;
}

/** @throws the error of `read`, prefixed with the address without its query, which may contain a secret */
export function withAddress<T>(address: string, read: () => T): T {
  try {
    return read();
  } catch (thrown) {
    throw errorAt(address, thrown);
  }
}
export function errorAt(address: string, thrown: unknown): Error {
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new Error(`${address.replace(/[?#].*$/s, "")}: ${message}`);
}

/** Returns an issuer from a document, truncated for messages. */
const shown = (issuer: unknown): string => (JSON.stringify(issuer) ?? "none").slice(0, 200);

/** @throws Error if it is no JSON object */
export function parsed(text: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error("answers with what is not JSON");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new Error("answers with no JSON object");
  return value as Readonly<Record<string, unknown>>;
}
