// One credential of each kind: its place, its issuer and its checks.

import type { ApiKey, Assertion, Jwt, Peer, Session, Source, Trusted } from "@protobff/messages/options.js";
import { fault, type Report, type Text } from "../../diagnostic/diagnostic.ts";
import type { IrApiKey, IrAssertion, IrCredential, IrJwt, IrPeer, IrSession, IrTrusted } from "../../ir/edge.ts";
import type { Place } from "../source/place.ts";
import { checkAddress, checkTemplate } from "../values/check-address.ts";
import { checkListed, checkReference } from "../values/names.ts";
import { type Declared, duration, text, texts } from "../values/values.ts";

/** Maximum lifetime of logins and keys, in days. No timer bounds it, because lifetimes are compared with the clock. */
const DAYS = 400;

/** Returns the credential of a source; undefined if none is declared. */
export function readCredential({ kind }: Source, source: Place, report: Report): IrCredential | undefined {
  const { case: name, value } = kind;
  if (name === undefined) return undefined;
  switch (name) {
    case "jwt":
      return readJwt({ value, place: source.field("jwt") }, report);
    case "session":
      return readSession({ value, place: source.field("session") }, report);
    case "apiKey":
      return readApiKey({ value, place: source.field("api_key") }, report);
    case "assertion":
      return readAssertion({ value, place: source.field("assertion") }, report);
    case "peer":
      return readPeer({ value, place: source.field("peer") }, report);
    case "trusted":
      return readTrusted({ value, place: source.field("trusted") }, report);
  }
}

/** The message of its claims. */
function claimsOf(value: string | undefined, place: Place, report: Report): Text | undefined {
  const claims = text(value, place, "claims");
  checkReference(claims, "a message", report);
  return claims;
}

/** Reports a missing member that a source requires. */
function needed(
  found: Text | undefined,
  { at }: Place,
  [name, why, example]: readonly [name: string, why: string, example: string],
  report: Report,
): void {
  if (found !== undefined && found.value.trim() !== "") return;
  fault(report, "BFF152", found?.at ?? at, { message: `this source has no "${name}": ${why}`, hint: `add ${example}` });
}

// ---- tokens ----

const ALGORITHMS: ReadonlySet<string> = new Set(
  "RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 EdDSA Ed25519".split(" "),
);

function readJwt({ value, place }: Declared<Jwt>, report: Report): IrJwt {
  const jwt: IrJwt = {
    kind: "jwt",
    at: place.at,
    issuer: text(value.issuer, place, "issuer"),
    audience: texts(value.audience, place, "audience"),
    jwks: text(value.jwks, place, "jwks"),
    claims: claimsOf(value.claims, place, report),
    header: text(value.header, place, "header"),
    cookie: text(value.cookie, place, "cookie"),
    algorithms: texts(value.algorithm, place, "algorithm"),
    leeway: duration(value.leeway, place, "leeway", report),
    maxStale: duration(value.maxStale, place, "max_stale", report, DAYS),
    subject: text(value.subject, place, "subject"),
  };
  const { issuer, audience, jwks, subject } = jwt;
  needed(issuer, place, ["issuer", "a token of any issuer would be accepted", '`issuer: "{env.OIDC_ISSUER}"`'], report);
  needed(
    audience[0],
    place,
    [
      "audience",
      "a token for another service would be accepted",
      '`audience: "…"`, the name of this service at the issuer',
    ],
    report,
  );
  checkTemplate(issuer, report);
  for (const text of audience) checkTemplate(text, report);
  checkListed(audience, "BFF130", report);
  // Without `jwks`, the issuer supplies the address of its keys.
  if (jwks !== undefined) checkAddress(jwks, "jwks", report);
  else checkAddress(issuer, "issuer", report);
  checkAlgorithms(jwt.algorithms, report);
  if (subject !== undefined) checkPattern(subject, "spiffe", report);
  return jwt;
}

function checkAlgorithms(algorithms: readonly Text[], report: Report): void {
  checkListed(algorithms, "BFF130", report);
  for (const { value, at } of algorithms) {
    if (ALGORITHMS.has(value)) continue;
    const known = [...ALGORITHMS].find((algorithm) => algorithm.toLowerCase() === value.toLowerCase());
    fault(report, "BFF153", at, {
      message: algorithmProblem(value),
      hint: known !== undefined ? `write "${known}"` : `write one or more of ${[...ALGORITHMS].join(", ")}`,
    });
  }
}

/** Returns the reason why no token is verified by an algorithm. */
function algorithmProblem(name: string): string {
  if (/^HS\d/i.test(name)) return `${name} signs and verifies with one shared secret: each verifier could sign tokens`;
  if (/^none$/i.test(name)) return `tokens with ${JSON.stringify(name)} have no signature, so anybody could make one`;
  return `${JSON.stringify(name)} is not a known algorithm for tokens`;
}

// ---- sessions, keys ----

function readSession({ value, place }: Declared<Session>, report: Report): IrSession {
  const session: IrSession = {
    kind: "session",
    at: place.at,
    issuer: text(value.issuer, place, "issuer"),
    clientId: text(value.clientId, place, "client_id"),
    scopes: texts(value.scope, place, "scope"),
    cookie: text(value.cookie, place, "cookie"),
    idle: duration(value.idle, place, "idle", report, DAYS),
    absolute: duration(value.absolute, place, "absolute", report, DAYS),
    claims: claimsOf(value.claims, place, report),
  };
  const { issuer, clientId, scopes, idle, absolute } = session;
  needed(issuer, place, ["issuer", "users cannot log in", '`issuer: "{env.OIDC_ISSUER}"`'], report);
  needed(
    clientId,
    place,
    ["client_id", "the provider cannot identify this server", '`client_id: "{env.OIDC_CLIENT}"`'],
    report,
  );
  checkTemplate(issuer, report);
  checkAddress(issuer, "issuer", report);
  checkTemplate(clientId, report);
  checkListed(scopes, "BFF130", report);
  for (const { value: scope, at } of scopes)
    if (!/^[\x21\x23-\x5b\x5d-\x7e]+$/.test(scope))
      fault(report, "BFF152", at, {
        message: `${JSON.stringify(scope)} is not a scope`,
        hint: "write one scope per entry, without spaces",
      });
  if (idle !== undefined && absolute !== undefined && idle.value > absolute.value)
    fault(report, "BFF152", idle.at, {
      message: '"idle" is longer than "absolute", which ends the session first',
      related: [{ at: absolute.at, message: "the latest end of a session" }],
      hint: "write a shorter `idle`, or leave it out",
    });
  return session;
}

function readApiKey({ value, place }: Declared<ApiKey>, report: Report): IrApiKey {
  const prefix = text(value.prefix, place, "prefix");
  if (prefix !== undefined && !/^[A-Za-z][A-Za-z0-9_]{0,30}_$/.test(prefix.value)) {
    const plain = prefix.value.replace(/[^A-Za-z0-9_]+/g, "_").replace(/_*$/, "");
    const like = /^[A-Za-z][A-Za-z0-9_]{0,30}$/.test(plain) ? plain : "acme";
    fault(report, "BFF155", prefix.at, {
      message: `${JSON.stringify(prefix.value)} is not a valid prefix of keys`,
      hint: `write at most 32 letters, digits and underscores, with an underscore at the end, as in "${like}_"`,
    });
  }
  return {
    kind: "api_key",
    at: place.at,
    header: text(value.header, place, "header"),
    prefix,
    cache: duration(value.cache, place, "cache", report),
    claims: claimsOf(value.claims, place, report),
  };
}

// ---- what others have verified ----

function readAssertion({ value, place }: Declared<Assertion>, report: Report): IrAssertion {
  const issuer = text(value.issuer, place, "issuer");
  const keys = text(value.keys, place, "keys");
  needed(
    issuer,
    place,
    [
      "issuer",
      "an assertion of any issuer would be accepted",
      '`issuer: "gateway"`, the BFF_IDENTITY_ISSUER of the server that signs it',
    ],
    report,
  );
  needed(
    keys,
    place,
    ["keys", "no signature could be verified", '`keys: "https://gateway.internal/.well-known/bff-keys"`'],
    report,
  );
  checkTemplate(issuer, report);
  checkAddress(keys, "keys", report);
  return {
    kind: "assertion",
    at: place.at,
    header: text(value.header, place, "header"),
    issuer,
    keys,
    claims: claimsOf(value.claims, place, report),
  };
}

function readTrusted({ value, place }: Declared<Trusted>, report: Report): IrTrusted {
  const header = text(value.header, place, "header");
  needed(header, place, ["header", "the server would read no header", '`header: "x-gateway-claims"`'], report);
  return { kind: "trusted", at: place.at, header, claims: claimsOf(value.claims, place, report) };
}

function readPeer({ value, place }: Declared<Peer>, report: Report): IrPeer {
  const spiffe = texts(value.spiffe, place, "spiffe");
  const dns = texts(value.dns, place, "dns");
  if (spiffe.length + dns.length === 0)
    fault(report, "BFF152", place.at, {
      message: 'this source has neither "spiffe" nor "dns": any certificate would be accepted',
      hint: 'add the accepted names, as in `spiffe: "spiffe://acme.example/ns/*"`',
    });
  for (const pattern of spiffe) checkPattern(pattern, "spiffe", report);
  for (const pattern of dns) checkPattern(pattern, "dns", report);
  checkListed([...spiffe, ...dns], "BFF130", report);
  return { kind: "peer", at: place.at, spiffe, dns, claims: undefined };
}

const EXAMPLES = { spiffe: "spiffe://acme.example/ns/*/sa/web", dns: "*.acme.example" };

/** Checks a name of a certificate, or of a JWT-SVID: `*` matches one segment. */
export function checkPattern(pattern: Text, kind: "spiffe" | "dns", report: Report): void {
  const { value, at } = pattern;
  const problem = kind === "dns" ? dnsProblem(value) : spiffeProblem(value);
  if (problem === undefined) return;
  fault(report, "BFF156", at, {
    message: `${JSON.stringify(value)} is not a name pattern: ${problem}`,
    hint: `write a pattern such as "${EXAMPLES[kind]}"`,
  });
}

function dnsProblem(pattern: string): string | undefined {
  const problem = segmentProblem(pattern.split("."), /^[A-Za-z0-9*_-]+$/);
  if (problem !== undefined) return problem;
  return pattern === "*" ? "it matches every name" : undefined;
}

function spiffeProblem(pattern: string): string | undefined {
  if (!pattern.startsWith("spiffe://")) return 'a SPIFFE ID begins with "spiffe://"';
  const [domain = "", ...path] = pattern.replace(/^spiffe:\/\//, "").split("/");
  if (domain.includes("*")) return "its trust domain contains `*`, and would match names of other organizations";
  if (!/^[a-z0-9._-]+$/.test(domain)) return "its trust domain is not a host name in lower case";
  return segmentProblem(path, /^[A-Za-z0-9*._-]+$/);
}

function segmentProblem(segments: readonly string[], form: RegExp): string | undefined {
  if (segments.some((segment) => segment.includes("*") && segment !== "*")) return "`*` matches a whole segment";
  if (segments.every((segment) => form.test(segment))) return undefined;
  return "one of its segments is empty or has a character that names do not have";
}
