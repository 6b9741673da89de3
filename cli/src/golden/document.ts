// The file of `protobff golden`: requests to a BFF with their answers, which people review.
import { parseExact } from "@protobff/runtime/internal/json/parse-exact";
import { type Example, faultIn, MAX_EXAMPLES } from "../contract/example.ts";
import { isObject, isTexts } from "../contract/json.ts";
import { Refusal } from "../terminal.ts";

/** An example of a BFF's rpc. */
export interface GoldenRequest extends Example {
  /** Paths of fields that are not compared: `runs[*].age`. */
  readonly ignore?: readonly string[];
  /** Headers of this request. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Maximum size of the file, in bytes (16 MiB). */
export const MAX_GOLDEN_BYTES = 16 << 20;
/** Maximum number of ignored paths of one request. */
export const MAX_IGNORED = 100;
const KEYS = ["method", "request", "headers", "compare", "ignore", "response", "error"] as const;
const CREDENTIALS = ["authorization", "cookie", "x-api-key"];
/** Statuses by which an rpc refuses a request. Others are those of a broken server or connection. */
const REFUSALS: readonly string[] = [
  ...["INVALID_ARGUMENT", "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "FAILED_PRECONDITION", "ABORTED"],
  ...["OUT_OF_RANGE", "UNAUTHENTICATED"],
];

/** Returns true for a status that the same request gets again: NOT_FOUND, but not UNAVAILABLE. */
export const isRepeatable = (status: string): boolean => REFUSALS.includes(status);

/** Content of the file: a list of examples, or an object with the list and a note about it. */
export interface GoldenDocument {
  readonly note?: string | undefined;
  readonly examples: readonly GoldenRequest[];
}

/** Parses the file. Throws a `Refusal` with the file's name if the text is no list of examples. */
export function parseGolden(text: string, path: string): GoldenDocument {
  const refuse = (message: string): never => {
    throw new Refusal(`${path}: ${message}`, 2);
  };
  const json = parsedJson(text, refuse);
  const { note, examples: list, ...others } = isObject(json) ? json : { examples: json };
  const [strange] = Object.keys(others);
  if (strange !== undefined) return refuse(`it has ${JSON.stringify(strange)} beside "note" and "examples"`);
  if (note !== undefined && typeof note !== "string") return refuse(`"note" has to be a text`);
  if (!Array.isArray(list) || list.length === 0) return refuse("it has to be a list of examples");
  if (list.length > MAX_EXAMPLES) return refuse(`it has ${list.length} examples, and at most ${MAX_EXAMPLES} are read`);
  for (const [i, example] of list.entries()) {
    const fault = faultIn(example, true) ?? faultInGolden(example);
    if (fault !== undefined) return refuse(`example ${i + 1}: ${fault}`);
  }
  return { note, examples: list as unknown as readonly GoldenRequest[] };
}

function parsedJson(text: string, refuse: (message: string) => never): unknown {
  try {
    return parseExact(text);
  } catch (error) {
    return refuse(`it is no JSON: ${error instanceof Error ? error.message : error}`);
  }
}

/** Returns the fault in the parts that contracts do not have. */
function faultInGolden(example: Readonly<Record<string, unknown>>): string | undefined {
  const { error, ignore = [], headers = {} } = example;
  const strange = Object.keys(example).find((key) => !KEYS.some((name) => name === key));
  if (strange !== undefined) return `it has ${JSON.stringify(strange)}, and an example has only ${KEYS.join(", ")}`;
  if (typeof error === "string" && !isRepeatable(error))
    return `"error" cannot be ${error}, which a broken server sends, too; it is one of ${REFUSALS.join(", ")}`;
  if (!isTexts(ignore) || ignore.length > MAX_IGNORED) return `"ignore" has to be a list of at most 100 paths`;
  if (!isObject(headers) || !isTexts(Object.values(headers))) return `"headers" has to be an object of texts`;
  const secret = Object.keys(headers).find((name) => CREDENTIALS.includes(name.toLowerCase()));
  if (secret !== undefined) return `"headers" must not have ${secret}, a credential: pass it with --header`;
  return isSendable(headers) ? undefined : `"headers" has a name or a value that HTTP does not allow`;
}

function isSendable(headers: Readonly<Record<string, unknown>>): boolean {
  try {
    new Headers(headers as Record<string, string>);
    return true;
  } catch {
    return false;
  }
}

/** The same requests give the same bytes. */
export function renderGolden({ note, examples }: GoldenDocument): string {
  const sorted = examples.map((request) =>
    Object.fromEntries(KEYS.flatMap((key) => (request[key] === undefined ? [] : [[key, request[key]]]))),
  );
  const text = JSON.stringify(note === undefined ? sorted : { note, examples: sorted }, undefined, 2);
  return `${text.replace(UNPRINTABLE, escaped)}\n`;
}
/** Characters that a terminal obeys. JSON allows some of them. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;
const escaped = (found: string): string =>
  found === "\n" ? found : found.replace(/./gs, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
