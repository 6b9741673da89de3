// Resolves names in options to descriptors, and builds the diagnostics for unknown names. Malformed names have been
// reported when they were read.

import type { DescEnum, DescField, DescFile, DescMessage, DescMethod, DescService, Registry } from "@bufbuild/protobuf";
import {
  type Diagnostic,
  didYouMean,
  didYouMeanType,
  fault,
  type Report,
  type Text,
} from "../../diagnostic/diagnostic.ts";
import type { Ir } from "../../ir/ir.ts";
import { isMethodName, isReference } from "../../read/values/names.ts";
import { ELSEWHERE } from "./missing-imports.ts";
import { slice } from "./synthetic-text.ts";

const OUTSIDE =
  "correct the name, or import its file. This run contains the whole workspace, so the file belongs to a module dependency or is excluded by `paths`";

/** Returns true if the run has the files of one directory and their imports only, as with `strategy: directory`. */
function hasOneDirectory({ allFiles, files }: Ir, { at }: Text): boolean {
  const folder = (name: string): string => name.slice(0, name.lastIndexOf("/") + 1);
  // A file that is only imported may contain the name, so the folder is that of the files for which code is generated.
  const targets = new Set(files.flatMap(({ desc, target }) => (target ? folder(desc.proto.name) : [])));
  if (targets.size > 1) return false;
  const [targetFolder = folder(at.file)] = targets;
  const pending = allFiles.filter(({ proto }) => folder(proto.name) === targetFolder);
  const reached = new Set<DescFile>();
  for (let file = pending.pop(); file !== undefined; file = pending.pop()) {
    if (reached.has(file)) continue;
    reached.add(file);
    pending.push(...file.dependencies);
  }
  return allFiles.every((file) => reached.has(file));
}

function missing(ir: Ir, text: Text, what: string, name: string, candidates: Iterable<string>): Diagnostic {
  const names = [...candidates];
  // Typical mistakes lack the package, or the surrounding message.
  const like = names.find((candidate) => candidate.endsWith(`.${name}`)) ?? didYouMeanType(name, names);
  return {
    code: "BFF201",
    severity: "error",
    message: `no ${what} "${name}" is visible to this run`,
    at: text.at,
    hint: like === undefined ? invisibleHint(ir, text) : `did you mean "${like}"?`,
  };
}

const invisibleHint = (ir: Ir, text: Text): string => (hasOneDirectory(ir, text) ? ELSEWHERE : OUTSIDE);

/** Returns the method of the name "package.Service/Method", of any kind. */
export function methodNamed({ registry }: Ir, name: string): DescMethod | undefined {
  const [service = "", method = ""] = name.split("/");
  return registry.getService(service)?.methods.find((candidate) => candidate.name === method);
}

/**
 * Builds the diagnostic for a missing method. The text is "package.Service/Method", or a service alone if another text
 * names the method.
 */
export function noMethod(text: Text, service: DescService, methodName: string): Diagnostic {
  const names = service.methods.map((method) => method.name);
  const like = didYouMean(methodName, names);
  const slash = text.value.indexOf("/");
  return {
    code: "BFF201",
    severity: "error",
    message: `"${service.typeName}" has no method "${methodName}"`,
    at: slash < 0 ? text.at : text.place(slash + 1, text.value.length),
    hint:
      like === undefined
        ? `use one of its methods: ${names.join(", ")}`
        : `did you mean "${service.typeName}/${like}"?`,
  };
}

/** Returns the successor of a service, whose name begins `text`. Undefined after a diagnostic. */
export function lookupSuccessor(ir: Ir, text: Text, of: DescService, report: Report): DescService | undefined {
  const [name = ""] = text.value.split("/");
  const found = ir.registry.getService(name);
  const bffServices = ir.files.flatMap(({ services }) => services.map(({ desc }) => desc.typeName));
  const others = bffServices.filter((other) => other !== of.typeName);
  if (found === undefined) report(missing(ir, slice(text, 0, name.length), "service", name, others));
  else if (!bffServices.includes(found.typeName)) {
    return fault(report, "BFF267", slice(text, 0, name.length).at, {
      message: `"${name}" is not a service of a BFF, so callers of this one cannot move to it`,
      hint: "name a service with `option (bff.v1.service)`, or an rpc of one",
    });
  }
  return found;
}

/**
 * Returns the method of the name "package.Service/Method". Undefined after a diagnostic.
 *
 * @param expected kind of method: "unary" to call it, "server_streaming" to follow it, "either" to configure it
 */
export function lookupMethod(
  ir: Ir,
  text: Text,
  report: Report,
  expected: "unary" | "server_streaming" | "either" = "unary",
): DescMethod | undefined {
  if (!isMethodName(text.value)) return undefined;
  const [serviceName = "", methodName = ""] = text.value.split("/");
  const service = ir.registry.getService(serviceName);
  if (service === undefined) {
    report(missing(ir, slice(text, 0, serviceName.length), "service", serviceName, upstreamServices(ir)));
    return undefined;
  }
  const method = methodNamed(ir, text.value);
  if (method === undefined) {
    report(noMethod(text, service, methodName));
    return undefined;
  }
  const { methodKind } = method;
  if (
    methodKind === expected ||
    (expected === "either" && (methodKind === "unary" || methodKind === "server_streaming"))
  )
    return method;
  report(methodKind === "unary" ? notStreaming(text) : streaming(text, methodKind === "server_streaming", expected));
  return undefined;
}

function streaming(text: Text, follows: boolean, expected: string): Diagnostic {
  const hint = streamingHint(follows, expected);
  return { code: "BFF202", severity: "error", message: `"${text.value}" is a streaming method`, at: text.at, hint };
}

function streamingHint(follows: boolean, expected: string): string {
  if (!follows) return "call a method that receives one message: a BFF cannot send a stream";
  if (expected !== "unary") return "name another method";
  return 'call a unary method, or follow it: `stream: { var: "…" call: { … } }` of an rpc that returns a stream';
}

function notStreaming(text: Text): Diagnostic {
  return {
    code: "BFF620",
    severity: "error",
    message: `"${text.value}" returns a single answer, but a stream follows a method that returns a stream`,
    at: text.at,
    hint: "name a method that returns a stream, or call this one in a step of the response",
  };
}

export function lookupService(ir: Ir, text: Text, report: Report): boolean {
  if (!isReference(text.value)) return false;
  if (ir.registry.getService(text.value) !== undefined) return true;
  report(missing(ir, text, "service", text.value, upstreamServices(ir)));
  return false;
}

/** Returns a message by its name, which is resolved relative to the package as in protobuf. */
export function lookupMessage(ir: Ir, text: Text, container: string, report: Report): DescMessage | undefined {
  if (!isReference(text.value)) return undefined;
  const found = resolveName(container, text.value, (name) => ir.registry.getMessage(name));
  if (found === undefined) report(missing(ir, text, "message", text.value, namesOf(ir.registry, "message", container)));
  return found;
}

/** Returns the field of the full name "package.Message.field". Undefined after a diagnostic. */
export function lookupField(ir: Ir, text: Text, report: Report): DescField | undefined {
  const dot = text.value.lastIndexOf(".");
  if (dot < 0 || !isReference(text.value))
    return fault(report, "BFF201", text.at, {
      message: `"${text.value}" is not the full name of a field`,
      hint: "write the message and the field, as in catalog.v1.Item.updated_at",
    });
  const message = lookupMessage(ir, slice(text, 0, dot), "", report);
  if (message === undefined) return undefined;
  const name = text.value.slice(dot + 1);
  const field = message.fields.find((candidate) => candidate.name === name);
  if (field !== undefined) return field;
  const names = message.fields.map((candidate) => candidate.name);
  const like = didYouMean(name, names);
  return fault(report, "BFF201", slice(text, dot + 1, text.value.length).at, {
    message: `"${message.typeName}" has no field "${name}"`,
    hint:
      like === undefined ? `use one of its fields: ${names.join(", ")}` : `did you mean "${message.typeName}.${like}"?`,
  });
}

export function lookupEnum(ir: Ir, text: Text, container: string, report: Report): DescEnum | undefined {
  if (!isReference(text.value)) return undefined;
  const found = resolveName(container, text.value, (name) => ir.registry.getEnum(name));
  if (found === undefined) report(missing(ir, text, "enum", text.value, namesOf(ir.registry, "enum", container)));
  return found;
}

/** Looks a relative name up from the innermost scope outwards; a leading dot means a full name. */
export function resolveName<T>(container: string, name: string, get: (name: string) => T | undefined): T | undefined {
  if (name.startsWith(".")) return get(name.slice(1));
  const scopes = container === "" ? [] : container.split(".");
  for (let depth = scopes.length; depth >= 0; depth--) {
    const found = get([...scopes.slice(0, depth), name].join("."));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Yields the services of upstreams. A BFF's own services are not upstreams. */
function* upstreamServices(ir: Ir): Iterable<string> {
  const bffServices = new Set(ir.files.flatMap((file) => file.services.map((service) => service.desc.typeName)));
  for (const type of ir.registry) if (type.kind === "service" && !bffServices.has(type.typeName)) yield type.typeName;
}
function* namesOf(registry: Registry, kind: "message" | "enum", container: string): Iterable<string> {
  for (const type of registry) {
    if (type.kind !== kind) continue;
    yield type.typeName;
    if (container !== "" && type.typeName.startsWith(`${container}.`)) yield type.typeName.slice(container.length + 1);
  }
}
