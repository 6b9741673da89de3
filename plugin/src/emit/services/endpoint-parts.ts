// Parts of endpoints of both kinds: the arguments from a request, and the guards that run before anything starts.
import type { DescField, DescMessage } from "@bufbuild/protobuf";
import { type CelType, emitField, presenceOf, unsetIsNull, type Variable } from "../../cel/index.ts";
import type { PlanCodec } from "../../plan/model/codec.ts";
import type { PlanArgs } from "../../plan/model/inputs.ts";
import type { PlanMessage } from "../../plan/model/messages.ts";
import type { PlanMethod, PlanStart } from "../../plan/model/plan.ts";
import { camel } from "../../text/camel.ts";
import { codecOf } from "../names/codec-of.ts";
import { appNames, type FileNames, typeOfRequest } from "../names/file-names.ts";
import { admitsLater } from "../steps/emit-guard.ts";
import { type Line, type Lines, property } from "../text/lines.ts";

export function codecProperty({ method: { desc } }: PlanMethod, codec: PlanCodec | undefined, names: FileNames): Lines {
  if (codec?.methods.has(desc) !== true) return [];
  const decode = codecOf(desc.input, "decode", codec, names);
  const encode = codecOf(desc.output, "encode", codec, names);
  return [["codec: { decode: ", ...decode, ", encode: ", ...encode, " },"]];
}

/** Work that an rpc starts: steps of the service, and its message or the opening of its stream. */
interface Admitted extends Pick<PlanMethod, "method"> {
  readonly message: Pick<PlanMessage, "admits" | "file" | "steps"> & { readonly composed: { readonly args: PlanArgs } };
  readonly start: Pick<PlanStart, "admit" | "steps"> | undefined;
}

/** Prints the guards that run before anything starts. */
export function admits(
  { method, message, start }: Admitted,
  handed: Line,
  names: FileNames,
): { readonly statements: Lines; readonly handed: Line; readonly waits: boolean } {
  const { args } = message.composed;
  const statements: Line[] = [];
  let waits = false;
  if (start?.admit !== undefined) {
    const later = admitsLater(start);
    statements.push([`${later ? "await " : ""}${start.admit}(cx);`]);
    waits ||= later;
  }
  if (message.admits === undefined) return { statements, handed, waits };
  // `args` is as good as an object of its members if these are handed on unchanged.
  const plain =
    args.message !== undefined || args.members.every(({ name }) => isPlain(fieldOf(method.desc.input, name)));
  const later = admitsLater(message);
  const admit = names.bff(message.admits.name, message.file);
  if (!plain) statements.push(["const given = ", ...handed, ";"]);
  statements.push([later ? "await " : "", admit, `(cx, ${plain ? "args" : "given"});`]);
  return { statements, handed: plain ? handed : ["given"], waits: waits || later };
}

/**
 * Returns the parameter `cx`, typed with the identity's principal if the rpc has callers: no other option contains this
 * type.
 */
export function typedRequest({ method: { callers } }: PlanMethod, names: FileNames): Line {
  return callers === undefined ? ["cx"] : ["cx: ", ...typeOfRequest(["App"], callers, names)];
}

/**
 * Returns the arguments that an rpc passes to its message: its request, or an object of the fields in use.
 * @param item the item of a stream, which has a separate local name
 */
export function handedOn(
  { desc: { input } }: PlanMethod["method"],
  { message, members }: PlanArgs,
  names: FileNames,
  item?: { readonly name: string; readonly local: string },
): Line {
  if (message !== undefined) return ["args"];
  const type: CelType = { kind: "message", desc: input };
  const request: Variable = { name: "args", role: "args", type, proto: type, absent: false };
  const properties = members.flatMap(({ name, variable }, i): Line => {
    if (name === item?.name) return [i === 0 ? "" : ", ", ...property(camel(name), [item.local])];
    const field = fieldOf(input, name);
    const set = variable.unset === undefined && !unsetIsNull(variable);
    const value = emitField(request, field, set, appNames(names));
    if (value === undefined) throw new Error(`no value for argument "${name}" in "${input.typeName}"`);
    return [i === 0 ? "" : ", ", ...property(camel(name), value.print)];
  });
  return members.length === 0 ? ["{}"] : ["{ ", ...properties, " }"];
}

function fieldOf(input: DescMessage, name: string): DescField {
  const field = input.fields.find((candidate) => candidate.name === name);
  if (field === undefined) throw new Error(`"${input.typeName}" has no field "${name}"`);
  return field;
}

/** Returns true if the property of a field is the argument. */
function isPlain(field: DescField): boolean {
  return presenceOf(field) === "implicit" && field.localName === camel(field.name);
}
