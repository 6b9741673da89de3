import type { HttpTemplate, HttpVariable } from "../../ir/edge.ts";

// Path templates as google/api/http.proto has them ("Path template syntax").
type ReadTemplate =
  | { readonly ok: true; readonly template: HttpTemplate }
  | {
      readonly ok: false;
      readonly offset: number;
      readonly length: number;
      readonly problem: string;
      readonly hint: string;
    };

/** Takes a path template apart. */
export function readHttpTemplate(text: string): ReadTemplate {
  try {
    return { ok: true, template: new Reader(text).template() };
  } catch (thrown) {
    if (!(thrown instanceof Problem)) throw thrown;
    const { offset, length, problem, hint } = thrown;
    return { ok: false, offset, length, problem, hint };
  }
}

class Problem {
  readonly offset: number;
  readonly length: number;
  readonly problem: string;
  readonly hint: string;
  constructor(offset: number, length: number, problem: string, hint: string) {
    this.offset = offset;
    this.length = Math.max(length, 1);
    this.problem = problem;
    this.hint = hint;
  }
}

const FIELD = /[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*/y;
/**
 * Characters that a segment of a URL's path may contain unescaped (RFC 3986, 3.3), but for colons and asterisks, which
 * have a meaning here.
 */
const CHARACTER = String.raw`[A-Za-z0-9\-._~!$&'()+,;=@]|%[0-9A-Fa-f]{2}`;
// grpc-gateway's rule (internal/httprule/parse.go): after a variable the first colon of the last segment begins the
// verb, after a literal the last one.
const LITERAL = new RegExp(`(?:${CHARACTER}|:(?=[^:/}]*[:/}]))+`, "y");
const VERB = new RegExp(`(?:${CHARACTER})+`, "y");
const VERB_AFTER_VARIABLE = new RegExp(`(?:${CHARACTER}|:)+`, "y");

class Reader {
  readonly #text: string;
  #at = 0;
  readonly #segments: string[] = [];
  readonly #variables: HttpVariable[] = [];

  constructor(text: string) {
    this.#text = text;
  }

  template(): HttpTemplate {
    if (!this.#eat("/")) this.#fail('a path begins with "/"', 'write the path as in a URL, such as "/v1/books"');
    this.#list(false);
    const pattern = this.#text.charAt(this.#at - 1) === "}" ? VERB_AFTER_VARIABLE : VERB;
    const verb = this.#eat(":") ? this.#literal("the verb", pattern) : undefined;
    if (this.#at < this.#text.length) this.#unexpected();
    return { segments: this.#segments, variables: this.#variables, verb };
  }

  #list(inside: boolean): void {
    do {
      if (this.#segments.at(-1) === "**")
        this.#fail('only a verb may follow "**"', 'move "**" to the end, or write "*" for each of the segments');
      this.#segment(inside);
    } while (this.#eat("/"));
  }

  #segment(inside: boolean): void {
    const start = this.#at;
    if (this.#peek() === "{") {
      if (inside) this.#fail("a variable cannot contain another variable", "write the inner variable without braces");
      this.#variable();
      return;
    }
    if (this.#eat("*")) {
      const double = this.#eat("*");
      this.#segments.push(double ? "**" : "*");
      if (this.#isWithinSegment() || (inside && this.#peek() === ":"))
        this.#fail('"*" matches a whole segment', 'write "*" alone between two slashes', start);
      return;
    }
    const literal = this.#literal("the path", LITERAL);
    if (literal === "." || literal === "..")
      this.#fail(`clients remove the segment "${literal}" from a path`, "leave out the segment", start);
    this.#segments.push(literal);
  }
  #isWithinSegment(): boolean {
    return !["", "/", ":", "}"].includes(this.#peek());
  }

  #variable(): void {
    const start = this.#at++;
    const at = this.#at;
    const field = this.#match(FIELD);
    if (field === undefined)
      this.#fail(
        "a variable has the name of a field of the request",
        'write a variable such as "{name}" or "{book.name=shelves/*}"',
      );
    const from = this.#segments.length;
    if (this.#eat("=")) this.#list(true);
    else this.#segments.push("*");
    if (!this.#eat("}")) {
      if (this.#at >= this.#text.length) this.#fail('this "{" is not closed', 'close the variable with "}"', start);
      this.#unexpected();
    }
    this.#variables.push({ field, at, from, to: this.#segments.length });
    if (this.#isWithinSegment())
      this.#fail(
        "a variable matches whole segments",
        'write a "/" after the variable, or move the text after it into the variable',
      );
  }

  #literal(where: string, pattern: RegExp): string {
    const start = this.#at;
    const found = this.#match(pattern);
    if (found === undefined) {
      if (["", "/", ":", "}"].includes(this.#peek()))
        this.#fail(`${where} has an empty segment`, "write the missing segment, or leave out the slash or the colon");
      this.#unexpected();
    }
    const decoded = decoded8(found);
    if (decoded === undefined)
      this.#fail(`"${found}" is not UTF-8 after decoding`, "percent-encode the bytes of UTF-8", start);
    if (/^\*\*?(?::|$)|\//.test(decoded))
      this.#fail(`the literal "${decoded}" looks like a pattern`, "choose another word", start);
    if (this.#peek() === "*") this.#fail('"*" matches a whole segment', 'write "*" alone between two slashes');
    if (this.#peek() === "{") this.#fail("a variable matches whole segments", 'write a "/" before the variable');
    return decoded;
  }

  #unexpected(): never {
    const found = String.fromCodePoint(this.#text.codePointAt(this.#at) ?? 0);
    this.#fail(`"${found}" is not allowed here`, characterHint(found));
  }
  #fail(problem: string, hint: string, from = this.#at): never {
    throw new Problem(from, this.#at - from, problem, hint);
  }
  #peek(): string {
    return this.#text.charAt(this.#at);
  }
  #eat(character: string): boolean {
    if (this.#peek() !== character) return false;
    this.#at++;
    return true;
  }
  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const [found] = pattern.exec(this.#text) ?? [];
    if (found !== undefined) this.#at += found.length;
    return found;
  }
}

/** The hint for a character that cannot stand at its place. */
function characterHint(found: string): string {
  if (found === ":") return "leave out the colon, or percent-encode it as %3A: a path has one verb, at its end";
  if (found === "?") return "leave out the query: fields that the path and the body do not use are query parameters";
  if (/[*{}/=]/.test(found)) return "leave it out";
  const encoded = encodeURIComponent(found.toWellFormed());
  return `write ${encoded === found ? `%${found.charCodeAt(0).toString(16).toUpperCase()}` : encoded}`;
}

function decoded8(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
