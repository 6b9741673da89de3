// Compares the authentication of callers: finds credentials that are newly accepted.
import type { FileReport, IdentityReport, IdentitySourceReport } from "protoc-gen-bff/compiler";
import { time } from "./amounts.ts";
import { type Finding, type Level, list, type Phrase, phrase } from "./finding.ts";

type Difference = Omit<Finding, "where">;
type MakeDifference = (level: Level, message: Phrase, from?: Phrase, to?: Phrase) => Difference;
const difference: MakeDifference = (level, message, before, after) => ({
  kind: "identity",
  level,
  message,
  ...(before !== undefined && { before }),
  ...(after !== undefined && { after }),
});

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
type Of = Difference & { readonly of?: string };

function compareIdentity(before: IdentityReport | undefined, after: IdentityReport | undefined): readonly Of[] {
  if (before === undefined || after === undefined) {
    if (after !== undefined) return [difference("different", phrase`callers are now identified: by ${names(after)}`)];
    return before === undefined
      ? []
      : [
          difference(
            "worse",
            phrase`callers are no longer identified; before, they were identified by ${names(before)}`,
          ),
        ];
  }
  const [from, to] = [before, after].map(({ sources }) => new Map(sources.map((source) => [source.name, source])));
  const both = after.sources.filter(({ name }) => from?.has(name));
  const order = before.sources.filter(({ name }) => to?.has(name)).map(({ name }) => name);
  const swapped = order.join() !== both.map(({ name }) => name).join();
  return [
    ...after.sources
      .filter(({ name }) => from?.has(name) !== true)
      .map((source) => ({
        ...difference("worse", ["more callers are accepted, by ", ...whoOf(source)]),
        of: source.name,
      })),
    ...before.sources
      .filter(({ name }) => to?.has(name) !== true)
      .map((source) => ({
        ...difference("different", ["callers are no longer accepted by ", ...whoOf(source)]),
        of: source.name,
      })),
    ...both.flatMap((source) => {
      const known = from?.get(source.name);
      return known === undefined
        ? []
        : compareSources(known, source).map((finding) => ({ ...finding, of: source.name }));
    }),
    ...(swapped ? [difference("different", ["sources are checked in another order"], list(order), names(after))] : []),
    ...(before.principal === after.principal
      ? []
      : [
          difference(
            "different",
            ["the principal is another message"],
            [{ code: before.principal }],
            [{ code: after.principal }],
          ),
        ]),
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

function compareSources(before: IdentitySourceReport, after: IdentitySourceReport): readonly Difference[] {
  if (before.kind !== after.kind)
    return [difference("worse", ["callers prove their identity differently"], whoOf(before), whoOf(after))];
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
function texts(before: IdentitySourceReport, after: IdentitySourceReport): readonly Difference[] {
  return (Object.keys(TEXTS) as (keyof typeof TEXTS)[]).flatMap((key) =>
    before[key] === after[key]
      ? []
      : [difference(key === "client_id" ? "different" : "worse", [TEXTS[key]], text(before[key]), text(after[key]))],
  );
}
const text = (value: string | undefined): Phrase => (value === undefined ? ["none"] : [{ code: value }]);

/** Lists of which any one member has to match. `open`: an empty list matches all. */
const LISTS = {
  audience: { what: "tokens for", open: false },
  algorithms: { what: "signatures by", open: false },
  spiffe: { what: "certificates for", open: false },
  dns: { what: "certificates for", open: false },
  from: { what: "connections from", open: true },
} as const;
function lists(before: IdentitySourceReport, after: IdentitySourceReport): readonly Difference[] {
  return (Object.keys(LISTS) as (keyof typeof LISTS)[]).flatMap((key): readonly Difference[] => {
    const { what, open } = LISTS[key];
    const [from, to] = [before[key] ?? [], after[key] ?? []];
    const gained = to.filter((name) => !from.includes(name));
    const lost = from.filter((name) => !to.includes(name));
    if (open && from.length > 0 && to.length === 0)
      return [difference("worse", phrase`is accepted over any connection; before, only from ${list(from)}`)];
    if (open && from.length === 0 && to.length > 0)
      return [difference("different", phrase`is accepted only over connections from ${list(to)}`)];
    return [
      ...(gained.length === 0 ? [] : [difference("worse", [`${what} `, ...list(gained), " are now accepted"])]),
      ...(lost.length === 0 ? [] : [difference("different", [`${what} `, ...list(lost), " are no longer accepted"])]),
    ];
  });
}

/** Compares the place of the credential in a request, which clients depend on. */
function places(before: IdentitySourceReport, after: IdentitySourceReport): readonly Difference[] {
  const place = ({ header, cookie, prefix }: IdentitySourceReport): Phrase =>
    cookie === undefined
      ? [...phrase`header ${header ?? "none"}`, ...(prefix === undefined ? [] : phrase`, beginning with ${prefix}`)]
      : phrase`cookie ${cookie}`;
  const [from, to] = [place(before), place(after)];
  // A caller that can set that header can claim any identity.
  const level = after.kind === "trusted" ? "worse" : "different";
  const scopes = JSON.stringify(before.scopes) === JSON.stringify(after.scopes);
  return [
    ...(JSON.stringify(from) === JSON.stringify(to)
      ? []
      : [difference(level, ["is read from another place"], from, to)]),
    ...(scopes
      ? []
      : [
          difference(
            "different",
            ["other scopes are requested at login"],
            list(before.scopes ?? []),
            list(after.scopes ?? []),
          ),
        ]),
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
function times(before: IdentitySourceReport, after: IdentitySourceReport): readonly Difference[] {
  return (Object.keys(TIMES) as (keyof typeof TIMES)[]).flatMap((key) => {
    const [from, to] = [before[key] ?? 0, after[key] ?? 0];
    return from === to ? [] : [difference(to > from ? "worse" : "better", [TIMES[key]], [time(from)], [time(to)])];
  });
}

/** Compares the fields of the principal, because permits depend on them. */
function principal(before: IdentitySourceReport, after: IdentitySourceReport): readonly Difference[] {
  const made = ({ set }: IdentitySourceReport): ReadonlyMap<string, string> =>
    new Map(
      set?.map(({ field, by, if: condition }) => [field, condition === undefined ? by : `${by} if ${condition}`]),
    );
  const [from, to] = [made(before), made(after)];
  const fields = [...new Set([...from.keys(), ...to.keys()])].filter((field) => from.get(field) !== to.get(field));
  return [
    ...(before.claims === after.claims
      ? []
      : [difference("different", ["its claims are another message"], text(before.claims), text(after.claims))]),
    ...fields.map((field) =>
      difference(
        "worse",
        phrase`${field} of the principal is computed differently`,
        text(from.get(field)),
        text(to.get(field)),
      ),
    ),
  ];
}
