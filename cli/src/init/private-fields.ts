// Fields of upstreams that look private. A new BFF leaves them out: its author adds what the public may have.
import type { DescEnum, DescEnumValue, DescField, DescMessage, DescMethod, DescOneof } from "@bufbuild/protobuf";
import { getComments } from "protoc-gen-bff/compiler";
import { snakeCase } from "./names.ts";

/** A field that is left out. */
export interface PrivateField {
  readonly field: DescField;
  /** `name: internal`, `comment: not for the public`, `debug_redact` */
  readonly reason: string;
}

/**
 * Words and phrases that mark a field as private, and phrases in which they are harmless. Both match whole words in
 * lower case, where all other characters are one space: `pageToken` is `page token`.
 */
const WORDS: readonly { readonly marks: RegExp; readonly except?: RegExp }[] = [
  { marks: words("privates?|confidential|secrets?|undisclosed|unpublished") },
  { marks: words("internal|internals|internally"), except: words("internal (server )?errors?") },
  { marks: words("sensitive|pii|personal data"), except: words("(case|latency|time) sensitive") },
  { marks: words("costs?|costing|cost ?price|unit ?costs?|purchase price|wholesale|profits?|commissions?") },
  {
    marks: words("margins?"),
    except: words(
      "margins? (of error|left|right|top|bottom|width|height)|(error|left|right|top|bottom|page|safety) margins?",
    ),
  },
  { marks: words("salary|salaries|wages?|payroll") },
  {
    marks: words(
      "passwords?|passwd|pwd|pass ?phrases?|pass ?codes?|pin ?codes?|otp|totp|mnemonics?|credentials?|jwts?",
    ),
  },
  {
    marks: words("tokens?|(auth|access|refresh|id|session|bearer|csrf|api|iam) ?tokens?"),
    except: words(
      [
        // pages of a list, and places to go on from
        "(next|prev|previous) (page )?tokens?|(page|paging|pagination|continuation|cursor|sync|resume|list) tokens?",
        "pagetoken|nextpagetoken|tokens? (to|which|that|used to|for) [a-z ]{0,60}(pages?|pagination)",
        "tokens? (returned|received|obtained) (from|by|in) (a |the )?(previous|earlier|prior)",
        // amounts
        "(max|min|num|number of|total|count of) tokens?|tokens? (counts?|limits?|budget|usage|used|buckets?|types?)",
        "(input|output|prompt|completion|cached|audio|reasoning|prediction) tokens|tokens (per|in|generated|present)",
      ].join("|"),
    ),
  },
  { marks: words("(api|access|secret|private|signing|encryption|session|auth|master) ?keys?|session ?cookies?") },
  { marks: words("ssns?|social security|national id|tax ?id|passports?|iban|cvv|cvc") },
  { marks: words("(credit )?card numbers?|(bank )?account numbers?|routing numbers?") },
];

/** Comments that withhold a field even if they explain other things. */
const STATEMENTS: readonly RegExp[] = [
  /^(private|internal|confidential)\b/,
  words(
    "(for )?internal(ly)? (use|only|field|purposes?|data)|(private|internal) only|used (only internally|internally only)",
  ),
  words("not (meant |intended )?(for|to) (the )?(public|clients?|customers?|consumers?|outside|externals?)( use)?"),
  words("not public|(must|should|may|do) not be (public|exposed|published|shown|shared|disclosed|leaked)"),
  words("(do not|don t|never|must not|should not) (be )?(expose|publish|show|share|disclose|leak|reveal)[a-z]*"),
  words(
    "(staff|employees|admins|operators|back ?office) only|only (for )?(staff|employees|admins|operators)|class secret",
  ),
];

function words(alternatives: string): RegExp {
  return new RegExp(`(?<![a-z])(${alternatives})(?![a-z])`, "g");
}

/** The word of the list in a text; undefined: none. */
function wordIn(text: string, harmless: string): string | undefined {
  for (const { marks, except } of WORDS) {
    // A comment may mention the word that its field's name makes harmless: `page_token` is "a token".
    if (except !== undefined && harmless.match(except) !== null) continue;
    const found = (except === undefined ? text : text.replace(except, " ")).match(marks);
    if (found !== null) return found[0];
  }
  return undefined;
}

const plain = (text: string): string =>
  text
    .toLowerCase()
    .replace(/[^a-z]+/g, " ")
    .trim();
const plainName = (name: string): string => plain(snakeCase(name));

/** Returns true if a name has a word of the list. */
export const isPrivateName = (name: string): boolean => wordIn(plainName(name), "") !== undefined;

/**
 * Returns the reason why a field looks private; undefined: it does not.
 *
 * @param use a comment that only mentions a word of the list keeps a field out of responses, but not out of requests,
 *   which may need it
 */
export function privateReason(field: DescField, use: "answer" | "request"): string | undefined {
  if (field.proto.options?.debugRedact === true) return "debug_redact";
  const charged = isCharge(field);
  const inName = charged ? undefined : wordIn(plainName(field.name), "");
  if (inName !== undefined) return `name: ${inName}`;
  const type = field.message ?? field.enum;
  const inType = type === undefined ? undefined : privateType(type);
  if (inType !== undefined) return inType;
  const comment = plain(commentText(field)).replace(charged ? words("costs?") : "", "");
  const statement = statementIn(comment) ?? (use === "request" ? undefined : wordIn(comment, plainName(field.name)));
  return statement === undefined ? undefined : `comment: ${statement}`;
}

/** Returns true for money that a customer pays: its cost, with no price beside it that would be the customer's. */
const isCharge = ({ name, message, parent }: DescField): boolean =>
  message?.name === "Money" &&
  /^((shipping|delivery|total) )?costs?( [a-z]{3})?$/.test(plainName(name)) &&
  !parent.fields.some((other) => /\bprices?\b/.test(plainName(other.name)));

/** Returns the reason why a message or an enum looks private as a whole. */
export function privateType(type: DescMessage | DescEnum): string | undefined {
  const inName = wordIn(plainName(type.name), "");
  if (inName !== undefined) return `type: ${inName}`;
  const statement = statementIn(plain(commentText(type)));
  return statement === undefined ? undefined : `comment of its type: ${statement}`;
}

/** Returns true if an rpc looks private, so that it is not proposed. */
export function isPrivateRpc(method: DescMethod): boolean {
  return (
    isPrivateName(method.name) ||
    privateType(method.output) !== undefined ||
    statementIn(plain(commentText(method))) !== undefined
  );
}

function statementIn(comment: string): string | undefined {
  for (const pattern of STATEMENTS) {
    const found = comment.match(pattern);
    if (found !== null) return found[0];
  }
  return undefined;
}

type Commented = DescMessage | DescField | DescOneof | DescEnum | DescEnumValue | DescMethod;

/**
 * Returns both comments of a declaration, without parts for tools, and without those for the authors of the API: `(-- …
 * --)`, see AIP-192.
 */
function commentText(desc: Commented): string {
  const { leading = "", trailing = "" } = getComments(desc);
  return `${leading}\n${trailing}`.replace(/\(--[\s\S]*?(--\)|$)/g, "");
}

/** Maximum number of lines that are copied from a comment. */
const MAX_LINES = 40;
const FOR_TOOLS = /^\s*(buf:lint:|@exclude|@gotags|@inject_tag|protolint:|api-linter:)/;

/** Returns the comment of a declaration as lines of a copy; empty if the comment mentions something private. */
export function carriedComment(desc: Commented): string[] {
  const text = commentText(desc);
  const plainText = plain(text);
  if (statementIn(plainText) !== undefined || wordIn(plainText, plainName(desc.name)) !== undefined) return [];
  const lines = text
    .split(/\r\n|[\r\n\u2028\u2029]/)
    .filter((line) => !FOR_TOOLS.test(line))
    .map((line) => line.replace(/\p{Cc}+/gu, " ").trimEnd());
  while (lines[0]?.trim() === "") lines.shift();
  while (lines.at(-1)?.trim() === "") lines.pop();
  const shown = lines.length <= MAX_LINES ? lines : [...lines.slice(0, MAX_LINES), " …"];
  return shown.map((line) => (line === "" ? "//" : `// ${line.replace(/^ /, "")}`));
}
