/** A content type (RFC 9110, 8.3.1), in lower case. */
interface MediaType {
  /** Without parameters: `application/json`. */
  readonly type: string;
  readonly charset: string | undefined;
  /** False if the parameters cannot be read, or contain different charsets. */
  readonly wellFormed: boolean;
}

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const TYPE = new RegExp(`^[ \\t]*(${TOKEN}/${TOKEN})`);
/** A parameter may be empty (RFC 9110, 5.6.6). Blanks beside `=` are not allowed; Go's reader accepts them, too. */
const PARAMETER = new RegExp(
  `[ \\t]*;[ \\t]*(?:(${TOKEN})[ \\t]*=[ \\t]*(?:(${TOKEN})|"((?:[^"\\\\]|\\\\.)*)"))?`,
  "sy",
);

/** Length in characters above which a value is not read. */
const MAX_VALUE_CHARACTERS = 1_000;

/** Returns undefined for a value that begins with no type, or is too long. */
export function mediaType(value: string): MediaType | undefined {
  if (value.length > MAX_VALUE_CHARACTERS) return undefined;
  const [whole, type] = TYPE.exec(value) ?? [];
  if (whole === undefined || type === undefined) return undefined;
  let charset: string | undefined;
  let wellFormed = true;
  let at = whole.length;
  for (;;) {
    PARAMETER.lastIndex = at;
    const found = PARAMETER.exec(value);
    if (found === null) break;
    at = PARAMETER.lastIndex;
    const [, name, token, quoted] = found;
    if (name?.toLowerCase() !== "charset") continue;
    const text = (token ?? quoted?.replace(/\\(.)/gs, "$1") ?? "").toLowerCase();
    wellFormed &&= charset === undefined || charset === text;
    charset ??= text;
  }
  wellFormed &&= value.slice(at).trim() === "";
  return { type: type.toLowerCase(), charset, wellFormed };
}

const JSON_TYPE = /^application\/(?:[\w!#$&^.+-]+\+)?json$/;

/** Reports whether the content type of an answer is JSON, in UTF-8 or a subset. All other parameters are ignored. */
export function isJsonType(value: string): boolean {
  const found = mediaType(value);
  return found !== undefined && (JSON_TYPE.test(found.type) || found.type === "text/json") && isUtf8(found);
}
const isUtf8 = ({ charset = "utf-8" }: MediaType): boolean => UTF8.has(charset);
const UTF8: ReadonlySet<string> = new Set(["utf-8", "utf8", "us-ascii"]);

const RPC_TYPE = /^application\/(?:json|proto|(?:grpc(?:-web(?:-text)?)?|connect)(?:\+[\w.-]+)?)$/;

/**
 * Returns the content type of a request without its parameters, if it is one of the server's protocols. Other values
 * are returned unchanged, as is JSON in another charset than UTF-8, so that they are refused.
 */
export function plainType(value: string): string {
  const found = mediaType(value);
  if (found?.wellFormed !== true || !RPC_TYPE.test(found.type)) return value;
  return found.type.endsWith("json") && !isUtf8(found) ? value : found.type;
}
