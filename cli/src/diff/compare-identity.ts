// Compares the authentication of callers: finds credentials that are newly accepted.
import type { FileReport, IdentityReport, IdentitySourceReport } from "protoc-gen-bff/compiler";
import {
  changesOf,
  code,
  type Finding,
  type FoundChange,
  list,
  type Phrase,
  phrase,
  time,
  without,
} from "./finding.ts";

const identities = changesOf("identity");

/** Compares the identities of each package. A change that accepts one more caller is worse. */
export function compareIdentities(before: readonly FileReport[], after: readonly FileReport[]): readonly Finding[] {
  const [from, to] = [identitiesOf(before), identitiesOf(after)];
  const packages = [...new Set([...from.keys(), ...to.keys()])];
  return packages.flatMap((name) =>
    compareIdentity(from.get(name), to.get(name)).map(({ of, ...finding }) => ({
      ...finding,
      where: [of === undefined ? name : `${name}: ${of}`],
    })),
  );
}
const identitiesOf = (reports: readonly FileReport[]): ReadonlyMap<string, IdentityReport> =>
  new Map(reports.flatMap(({ identity }) => (identity === undefined ? [] : [[identity.package, identity] as const])));

/** `of`: the source. */
type Of = FoundChange & { readonly of?: string };

function compareIdentity(before: IdentityReport | undefined, after: IdentityReport | undefined): readonly Of[] {
  if (before === undefined)
    return after === undefined
      ? []
      : [identities.of("different", phrase`callers are now identified: by ${names(after)}`)];
  if (after === undefined) {
    const message = phrase`callers are no longer identified; before, they were identified by ${names(before)}`;
    return [identities.of("worse", message)];
  }
  const from = new Map(before.sources.map((source) => [source.name, source]));
  const to = new Set(after.sources.map(({ name }) => name));
  const both = after.sources.filter(({ name }) => from.has(name));
  const order = before.sources.filter(({ name }) => to.has(name)).map(({ name }) => name);
  const swapped = order.join() !== both.map(({ name }) => name).join();
  const more = after.sources.filter(({ name }) => !from.has(name));
  const fewer = before.sources.filter(({ name }) => !to.has(name));
  const principals = [code(before.principal), code(after.principal)] as const;
  return [
    ...more.map((source) => ({
      ...identities.of("worse", ["more callers are accepted, by ", ...whoOf(source)]),
      of: source.name,
    })),
    ...fewer.map((source) => ({
      ...identities.of("different", ["callers are no longer accepted by ", ...whoOf(source)]),
      of: source.name,
    })),
    ...both.flatMap((source) =>
      compareSources(from.get(source.name) ?? source, source).map((finding) => ({ ...finding, of: source.name })),
    ),
    ...(swapped ? [identities.of("different", "sources are checked in another order", list(order), names(after))] : []),
    ...identities.between("different", "the principal is another message", ...principals),
  ];
}
const names = ({ sources }: IdentityReport): Phrase => list(sources.map(({ name }) => name));

const KINDS = {
  jwt: "a JSON Web Token",
  session: "a session",
  api_key: "an API key",
  assertion: "an assertion of another BFF",
  peer: "a client certificate",
  trusted: "a trusted header",
} as const;

function whoOf({ kind, issuer, audience = [], spiffe = [], dns = [], header }: IdentitySourceReport): Phrase {
  return [
    KINDS[kind],
    ...(issuer === undefined ? [] : phrase` of ${issuer}`),
    ...(audience.length === 0 ? [] : [" for ", ...list(audience)]),
    ...(spiffe.length + dns.length === 0 ? [] : [" with the name ", ...list([...spiffe, ...dns])]),
    ...(kind === "trusted" ? phrase`, ${header ?? ""}` : []),
  ];
}

function compareSources(before: IdentitySourceReport, after: IdentitySourceReport): readonly FoundChange[] {
  if (before.kind !== after.kind)
    return [identities.of("worse", "callers prove their identity differently", whoOf(before), whoOf(after))];
  return [
    ...texts(before, after),
    ...lists(before, after),
    ...places(before, after),
    ...times(before, after),
    ...principal(before, after),
  ];
}

/** Another one may believe others. */
const TEXTS = {
  issuer: "another issuer is trusted",
  client_id: "logs in as another client of its issuer",
  jwks: "the issuer's keys come from another place",
  keys: "the issuer's keys come from another place",
  subject: "other subjects are accepted",
} as const;
function texts(before: IdentitySourceReport, after: IdentitySourceReport): readonly FoundChange[] {
  return (Object.keys(TEXTS) as (keyof typeof TEXTS)[]).flatMap((key) =>
    identities.changed(key === "client_id" ? "different" : "worse", TEXTS[key], before[key], after[key], code),
  );
}

/** Lists of which any one member has to match. `open`: an empty list matches all. */
const LISTS = {
  audience: { what: "tokens for", open: false },
  algorithms: { what: "signatures by", open: false },
  spiffe: { what: "certificates for", open: false },
  dns: { what: "certificates for", open: false },
  from: { what: "connections from", open: true },
} as const;
function lists(before: IdentitySourceReport, after: IdentitySourceReport): readonly FoundChange[] {
  return (Object.keys(LISTS) as (keyof typeof LISTS)[]).flatMap((key): readonly FoundChange[] => {
    const { what, open } = LISTS[key];
    const [from, to] = [before[key] ?? [], after[key] ?? []];
    if (open && from.length > 0 && to.length === 0)
      return [identities.of("worse", phrase`is accepted over any connection; before, only from ${list(from)}`)];
    if (open && from.length === 0 && to.length > 0)
      return [identities.of("different", phrase`is accepted only over connections from ${list(to)}`)];
    return [
      ...identities.names("worse", without(to, from), (names) => [`${what} `, ...names, " are now accepted"]),
      ...identities.names("different", without(from, to), (names) => [`${what} `, ...names, " are no longer accepted"]),
    ];
  });
}

/** Compares the place of the credential in a request, which clients depend on. */
function places(before: IdentitySourceReport, after: IdentitySourceReport): readonly FoundChange[] {
  const place = ({ header, cookie, prefix }: IdentitySourceReport): Phrase =>
    cookie === undefined
      ? [...phrase`header ${header ?? "none"}`, ...(prefix === undefined ? [] : phrase`, beginning with ${prefix}`)]
      : phrase`cookie ${cookie}`;
  // A caller that can set that header can claim any identity.
  const level = after.kind === "trusted" ? "worse" : "different";
  const { scopes: had } = before;
  const { scopes: has } = after;
  return [
    ...identities.between(level, "is read from another place", place(before), place(after)),
    ...identities.changed("different", "other scopes are requested at login", had, has, (all = []) => list(all)),
  ];
}

/** Longer is worse. */
const TIMES = {
  leeway_ms: "allowed clock difference of a token is",
  max_stale_ms: "keys remain valid while their issuer is unreachable for",
  idle_ms: "an unused session lasts",
  absolute_ms: "a session lasts at most",
  cache_ms: "a revoked key may remain accepted for",
} as const;
function times(before: IdentitySourceReport, after: IdentitySourceReport): readonly FoundChange[] {
  return (Object.keys(TIMES) as (keyof typeof TIMES)[]).flatMap((key) => {
    const [from, to] = [before[key] ?? 0, after[key] ?? 0];
    return identities.changed(to > from ? "worse" : "better", TIMES[key], from, to, (ms) => [time(ms)]);
  });
}

/** Compares the fields of the principal, because permits depend on them. */
function principal(before: IdentitySourceReport, after: IdentitySourceReport): readonly FoundChange[] {
  const made = ({ set }: IdentitySourceReport): ReadonlyMap<string, string> =>
    new Map(
      set?.map(({ field, by, if: condition }) => [field, condition === undefined ? by : `${by} if ${condition}`]),
    );
  const [from, to] = [made(before), made(after)];
  return [
    ...identities.changed("different", "its claims are another message", before.claims, after.claims, code),
    ...[...new Set([...from.keys(), ...to.keys()])].flatMap((field) => {
      const message = phrase`${field} of the principal is computed differently`;
      return identities.changed("worse", message, from.get(field), to.get(field), code);
    }),
  ];
}
