// Places of credentials in a request: in a place that several sources share, a credential has to show its source.
import { caution, fault, type Report, type Text } from "../../diagnostic/diagnostic.ts";
import type { IrCredential, IrIdentitySource } from "../../ir/edge.ts";
import { isProtocolHeader } from "../values/names.ts";

/** Default places of credentials. */
export const DEFAULTS = {
  header: { jwt: "authorization", api_key: "x-api-key", assertion: "x-principal-signed-bin" },
  cookie: "__Host-session",
};

/** Returns a place such as `header:authorization`; undefined if a required place is missing. */
function placeOf(credential: IrCredential): string | undefined {
  switch (credential.kind) {
    case "jwt":
      return credential.cookie === undefined
        ? `header:${credential.header?.value ?? DEFAULTS.header.jwt}`
        : `cookie:${credential.cookie.value}`;
    case "session":
      return `cookie:${credential.cookie?.value ?? DEFAULTS.cookie}`;
    case "api_key":
    case "assertion":
      return `header:${credential.header?.value ?? DEFAULTS.header[credential.kind]}`;
    case "trusted":
      return credential.header && `header:${credential.header.value}`;
    case "peer":
      return "certificate";
  }
}

export function checkPlaces(sources: readonly IrIdentitySource[], report: Report): void {
  for (const { credential } of sources) if (credential !== undefined) checkPlace(credential, report);
  const [first, second] = sources.filter(({ credential }) => credential?.kind === "session");
  if (first !== undefined && second !== undefined)
    fault(report, "BFF157", second.name?.at ?? second.at, {
      message: "this is the second source with a session, and a server has one",
      related: [{ at: first.name?.at ?? first.at, message: "the first source" }],
      hint: "leave out one of the sources: /auth/login leads to one provider",
    });
  for (const [i, source] of sources.entries()) {
    for (const other of sources.slice(0, i)) {
      if (source === second && other === first) continue;
      const problem = confused(source, other);
      if (problem === undefined) continue;
      fault(report, "BFF157", source.name?.at ?? source.at, {
        message: problem.message,
        related: [{ at: other.name?.at ?? other.at, message: "the other source" }],
        hint: problem.hint,
      });
      break;
    }
  }
}

interface Problem {
  readonly message: string;
  readonly hint: string;
}

/** Returns the reason why credentials of the two sources cannot be distinguished. */
function confused(a: IrIdentitySource, b: IrIdentitySource): Problem | undefined {
  const [left, right] = [a.credential, b.credential];
  if (left === undefined || right === undefined) return undefined;
  const place = placeOf(left);
  if (place === undefined || place !== placeOf(right)) return undefined;
  const where = shown(place);
  if (left.kind === "peer" && right.kind === "peer") {
    const patterns = (peer: typeof left): readonly Text[] => [...peer.spiffe, ...peer.dns];
    const met = patterns(left).find((mine) => patterns(right).some((theirs) => overlap(mine.value, theirs.value)));
    if (met === undefined) return undefined;
    return {
      message: `"${met.value}" and a pattern of "${b.name?.value}" match the same certificate`,
      hint: "make the patterns differ in a segment without `*` in both",
    };
  }
  if (left.kind === "api_key" && right.kind === "api_key") {
    const [mine, theirs] = [left.prefix?.value, right.prefix?.value];
    if (mine !== undefined && theirs !== undefined && !mine.startsWith(theirs) && !theirs.startsWith(mine))
      return undefined;
    return {
      message: `keys of "${a.name?.value}" and of "${b.name?.value}" are both in ${where}, and their prefixes do not separate them`,
      hint: "give each a `prefix` with which the other prefix does not begin, or a separate `header`",
    };
  }
  const issued = (credential: IrCredential): string | undefined =>
    credential.kind === "jwt" || credential.kind === "assertion" ? credential.issuer?.value : undefined;
  if (left.kind === right.kind && issued(left) !== undefined) {
    if (issued(left) !== issued(right)) return undefined;
    return {
      message: `"${a.name?.value}" and "${b.name?.value}" have the same issuer, and both are in ${where}`,
      hint: "merge the two sources, or set another `header` or `cookie` in one of them",
    };
  }
  // A key has its prefix, and a token none.
  const key = [left, right].find((credential) => credential.kind === "api_key");
  const token = [left, right].find((credential) => credential.kind === "jwt");
  if (key !== undefined && token !== undefined) {
    if (key.prefix !== undefined) return undefined;
    return {
      message: `keys and tokens are both in ${where}, and nothing separates them`,
      hint: "give the keys a `prefix`, or a separate `header`",
    };
  }
  return {
    message: `"${a.name?.value}" and "${b.name?.value}" are both in ${where}`,
    hint: "set another `header` or `cookie` in one of them",
  };
}

const shown = (place: string): string =>
  place === "certificate" ? "the certificate" : `the ${place.replace(":", ' "')}"`;

/** Returns true if both patterns may match the same name. */
function overlap(a: string, b: string): boolean {
  const split = (pattern: string): string[] => pattern.split(pattern.includes("/") ? "/" : ".");
  const [mine, theirs] = [split(a), split(b)];
  return (
    mine.length === theirs.length && mine.every((part, i) => part === "*" || theirs[i] === "*" || part === theirs[i])
  );
}

// ---- one place ----

function checkPlace(credential: IrCredential, report: Report): void {
  if (credential.kind === "jwt" && credential.header !== undefined && credential.cookie !== undefined)
    fault(report, "BFF155", credential.cookie.at, {
      message: 'this source has a "header" and a "cookie"',
      related: [{ at: credential.header.at, message: "the header" }],
      hint: "leave out one of them: a credential is in one place",
    });
  if ("header" in credential && credential.header !== undefined)
    checkHeader(credential.header, credential.kind, report);
  if ("cookie" in credential && credential.cookie !== undefined)
    checkCookie(credential.cookie, credential.kind, report);
}

/** Headers that have another meaning in a request. */
const OTHERS: ReadonlySet<string> = new Set(
  "cookie forwarded host origin x-csrf x-forwarded-client-cert x-forwarded-for".split(" "),
);

function checkHeader({ value, at }: Text, kind: IrCredential["kind"], report: Report): void {
  const problem = headerProblem(value) ?? kindProblem(value, kind);
  if (problem !== undefined) fault(report, "BFF155", at, { message: problem.message, hint: problem.hint });
}

/** Returns the reason why a header holds no credential of any kind. */
function headerProblem(value: string): Problem | undefined {
  const lower = value.toLowerCase();
  if (!/^[0-9a-z!#$%&'*+.^_`|~-]+$/.test(lower))
    return { message: `${JSON.stringify(value)} is not a header name`, hint: 'write a name such as "x-user-token"' };
  if (lower !== value) return { message: `${JSON.stringify(value)} is not in lower case`, hint: `write "${lower}"` };
  if (value === "cookie")
    return {
      message: 'the header "cookie" contains all cookies',
      hint: 'set `cookie: "__Host-…"` in place of `header`',
    };
  if (OTHERS.has(value) || value.startsWith("sec-") || isProtocolHeader(value))
    return { message: `the header "${value}" has another meaning in a request`, hint: "choose another header" };
  return undefined;
}

/** Returns the reason why a header holds no credential of this kind. `value` is in lower case. */
function kindProblem(value: string, kind: IrCredential["kind"]): Problem | undefined {
  const isBinary = value.endsWith("-bin");
  const isText = kind === "jwt" || kind === "api_key";
  if (kind === "assertion" && !isBinary)
    return { message: `an assertion is bytes, and "${value}" is a header for text`, hint: `write "${value}-bin"` };
  if (isText && isBinary)
    return {
      message: `"${value}" is a header for bytes, and this credential is text`,
      hint: `write "${value.replace(/-bin$/, "")}"`,
    };
  if (!isText && value === "authorization")
    return { message: '"authorization" is for tokens and keys', hint: "choose another header" };
  return undefined;
}

/** Browsers accept this name from the very host alone. */
const hostOnly = (name: string, other: string): string => `__Host-${name.replace(/^__(Secure|Host)-/, "") || other}`;

function checkCookie({ value, at }: Text, kind: IrCredential["kind"], report: Report): void {
  if (!/^[0-9A-Za-z!#$%&'*+.^_`|~-]+$/.test(value)) {
    fault(report, "BFF155", at, {
      message: `${JSON.stringify(value)} is not the name of a cookie`,
      hint: 'write a name such as "__Host-session"',
    });
  } else if (kind === "session" && !/^__Host-./.test(value)) {
    fault(report, "BFF155", at, {
      message: `other hosts of the domain could set the cookie "${value}" and log in a user as another user`,
      hint: `write "${hostOnly(value, "session")}"`,
    });
  } else if (!/^__Host-./.test(value)) {
    caution(report, "BFF188", at, {
      message: `other hosts of the domain could set the cookie "${value}" and make a user act as another user`,
      hint: `write "${hostOnly(value, "token")}", and use this name in the service that sets the cookie`,
    });
  }
}
