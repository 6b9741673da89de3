import { fault, type Report, type Text } from "../../diagnostic/diagnostic.ts";
import type { DeclarationCode } from "../codes.ts";

const identifier = /^[A-Za-z_]\w*$/;

/** Reserved by the CEL grammar (cel-spec, "Syntax"): no expression can use them as a name. */
const keywords: ReadonlySet<string> = new Set(
  "as break const continue else false for function if import in let loop null package namespace return true var void while".split(
    " ",
  ),
);
/** Keywords that are invalid even behind a dot: `args.namespace` is a name, `args.in` is none. */
const words: ReadonlySet<string> = new Set("false in null true".split(" "));
/** Macros, functions and type names of CEL's standard library, and the namespaces of its extensions. */
const functions: ReadonlySet<string> = new Set(
  [
    "all bind cel exists exists_one existsOne filter has map ok optFlatMap optMap transformList transformMap transformMapEntry",
    "bool bytes double duration dyn int list null_type optional optional_type string timestamp type uint",
    "base64 lists math sets strings",
    "contains endsWith matches size startsWith",
    "getDate getDayOfMonth getDayOfWeek getDayOfYear getFullYear getHours getMilliseconds getMinutes getMonth getSeconds",
  ].flatMap((names) => names.split(" ")),
);
const scope: ReadonlySet<string> = new Set("args env error headers now principal".split(" "));

/** Names of the library's namespaces, future ones included. */
const namespaces: ReadonlySet<string> = new Set("enums page proto random regex url".split(" "));

/**
 * Returns true if no expression can use it as a name.
 *
 * @example
 * isKeyword("in"); // true
 */
export function isKeyword(name: string): boolean {
  return keywords.has(name);
}

/**
 * Returns true if it has a meaning in expressions already, so that no function of the user may have the name.
 *
 * @example
 * isLibraryName("size"); // true
 */
export function isLibraryName(name: string): boolean {
  return functions.has(name) || scope.has(name) || namespaces.has(name);
}

/** A step or an `each`'s variable: a name that expressions use bare. */
export function checkVariable(name: Text | undefined, what: string, report: Report): void {
  if (name === undefined || !checkIdentifier(name, what, report)) return;
  const meaning = meaningOf(name.value);
  if (meaning === undefined) return;
  fault(report, "BFF107", name.at, {
    message: `"${name.value}" is not a valid name of ${what}: it is ${meaning}`,
    hint: `choose another name, as in "${name.value}_${scope.has(name.value) ? "value" : "result"}"`,
  });
}

/** The meaning that a name has in every expression; undefined: none. */
function meaningOf(name: string): string | undefined {
  if (keywords.has(name)) return "a reserved word of expressions";
  if (functions.has(name)) return "a function, macro or type of expressions";
  return scope.has(name) ? "already a name in every expression" : undefined;
}

/** A name that expressions select from something: an argument, an environment variable. */
export function checkMember(name: Text, what: string, report: Report): void {
  if (!checkIdentifier(name, what, report)) return;
  // An object of JavaScript takes it for something else.
  const unfit = name.value === "__proto__";
  if (!unfit && !words.has(name.value)) return;
  const why = unfit ? "JavaScript gives it another meaning" : "it is a reserved word of expressions";
  fault(report, "BFF107", name.at, {
    message: `"${name.value}" is not a valid name of ${what}: ${why}`,
    hint: "choose another name",
  });
}

function checkIdentifier(name: Text, what: string, report: Report): boolean {
  if (identifier.test(name.value)) return true;
  const like = name.value.replace(/[^A-Za-z0-9_]+/g, "_").replace(/^(?=\d)/, "_");
  const hint =
    identifier.test(like) && /[A-Za-z0-9]/.test(like) ? `write "${like}"` : "write letters, digits and underscores";
  fault(report, "BFF106", name.at, {
    message: `${JSON.stringify(name.value)} is not a valid name of ${what}: it is not an identifier`,
    hint,
  });
  return false;
}

/** Returns true for a (dotted) name; a type's may begin with a dot. */
export function isReference(name: string): boolean {
  return /^\.?[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$/.test(name);
}
/** Returns true if a text has the form "package.Service/Method". */
export function isMethodName(name: string): boolean {
  return /^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*\/[A-Za-z_]\w*$/.test(name);
}

/** A reference by (dotted) name; a type's may begin with a dot. */
export function checkReference(name: Text | undefined, what: string, report: Report): void {
  if (name === undefined || isReference(name.value)) return;
  fault(report, "BFF135", name.at, {
    message: `${JSON.stringify(name.value)} is not the name of ${what}`,
    hint: `write the name of ${what}, with dots between its parts`,
  });
}

/** "package.Service/Method". */
export function checkMethod(method: Text | undefined, report: Report): void {
  if (method === undefined || isMethodName(method.value)) return;
  const parts = method.value.replace(/^[./]+/, "").split(/[./]/);
  const last = parts.pop();
  const like = parts.length > 0 && [...parts, last].every((part) => identifier.test(part ?? ""));
  fault(report, "BFF117", method.at, {
    message: `${JSON.stringify(method.value)} is not the name of an rpc`,
    hint: `write ${like ? `"${parts.join(".")}/${last}"` : '"package.Service/Method"'}`,
  });
}

/** Reports each text that an earlier one equals, with the earlier one's place. */
export function checkUnique(
  texts: readonly (Text | undefined)[],
  code: DeclarationCode,
  message: (value: string) => string,
  hint: string,
  report: Report,
): void {
  const first = new Map<string, Text>();
  for (const text of texts) {
    if (text === undefined) continue;
    const earlier = first.get(text.value);
    if (earlier === undefined) first.set(text.value, text);
    else
      fault(report, code, text.at, {
        message: message(text.value),
        related: [{ at: earlier.at, message: "first here" }],
        hint,
      });
  }
}

/** Reports each element with the name of an earlier one. */
export function checkDistinct(
  elements: readonly ({ readonly name?: Text | undefined } | undefined)[],
  code: DeclarationCode,
  message: (name: string) => string,
  hint: string,
  report: Report,
): void {
  const names = elements.map((element) => element?.name);
  checkUnique(names, code, message, hint, report);
}

/** Reports each text that a list has twice. */
export function checkListed(texts: readonly Text[], code: DeclarationCode, report: Report): void {
  checkUnique(texts, code, (value) => `"${value}" is in the list twice`, "leave out one of them", report);
}

const reserved: ReadonlySet<string> = new Set(
  [
    "te trailer host content-type content-length content-encoding",
    "connection keep-alive proxy-connection transfer-encoding upgrade http2-settings",
  ].flatMap((names) => names.split(" ")),
);

/** Returns true if gRPC, Connect or HTTP reserves a header. */
export const isProtocolHeader = (name: string): boolean =>
  /^:|^grpc-|^connect-/i.test(name) || reserved.has(name.toLowerCase());

/** A metadata key that is sent to an upstream (gRPC over HTTP/2, "Custom-Metadata"). */
export function checkMetadataKey(key: Text, report: Report): void {
  const { value, at } = key;
  if (isProtocolHeader(value)) {
    fault(report, "BFF122", at, {
      message: `the metadata key ${JSON.stringify(value)} is reserved for the protocol`,
      hint: "choose another key",
    });
  } else if (!/^[0-9a-z_.-]+$/.test(value)) {
    const lower = value.toLowerCase();
    fault(report, "BFF121", at, {
      message: `${JSON.stringify(value)} is not a metadata key`,
      hint: /^[0-9a-z_.-]+$/.test(lower)
        ? `write "${lower}"`
        : 'write lower-case letters, digits, "-", "_" and "." only',
    });
  }
}
