// Names of the user's functions. Their types are resolved later.

import type { Function as Declaration } from "@protobff/messages/options.js";
import { isMacroName } from "../cel/types/functions/reserved-names.ts";
import { fault, type Report } from "../diagnostic/diagnostic.ts";
import type { IrFunction } from "../ir/ir.ts";
import { isKeyword, isLibraryName } from "./values/names.ts";
import { type Declared, text, texts } from "./values/values.ts";

const EXAMPLE = '{ name: "slug.of" param: ["string"] result: "string" }';

export function readFunction({ value, place }: Declared<Declaration>, report: Report): IrFunction | undefined {
  const name = text(value.name, place, "name");
  const result = text(value.result, place, "result");
  const params = texts(value.param, place, "param");
  if (name === undefined || result === undefined) {
    fault(report, "BFF170", place.at, {
      message: `this function has no "${name === undefined ? "name" : "result"}"`,
      hint: `write the whole declaration, as in ${EXAMPLE}`,
    });
    return name && { kind: "function", name, params, result: undefined };
  }
  const wrong = functionNameFault(name.value);
  if (wrong === undefined) return { kind: "function", name, params, result };
  const message = `${JSON.stringify(name.value)} is not a valid name of a function: ${wrong.reason}`;
  fault(report, "BFF171", name.at, { message, hint: wrong.hint });
  // The name still counts as declared, because expressions that call it are not at fault.
  return { kind: "function", name, params, result: undefined };
}

/** The reason for which a function cannot have a name, and a correction. */
interface NameFault {
  readonly reason: string;
  readonly hint: string;
}

/** Returns the fault of a name that a function of the user should have; undefined: there is none. */
export function functionNameFault(name: string): NameFault | undefined {
  const [namespace = "", ...rest] = name.split(".");
  if (![namespace, ...rest].every((part) => /^[A-Za-z_]\w*$/.test(part)))
    return { reason: "its parts are not identifiers", hint: 'write a name such as "slug.of"' };
  if (rest.length === 0)
    return { reason: "it has no dot", hint: `write a namespace before it, as in "text.${namespace}"` };
  if ([namespace, ...rest].some(isKeyword))
    return { reason: "it contains a reserved word of expressions", hint: "choose another name" };
  if (isLibraryName(namespace))
    return {
      reason: `"${namespace}" already has a meaning in expressions`,
      hint: `choose another name before the dot, as in "my_${name}"`,
    };
  if (isMacroName(rest.at(-1) ?? ""))
    return {
      reason: "its last part is a macro of expressions",
      hint: `choose another name after the dot, as in "${name}_of"`,
    };
  return undefined;
}
