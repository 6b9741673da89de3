// From names in options to descriptors, with what to say when there is none.
import type { DescEnum, DescMessage, DescMethod, Registry } from "@bufbuild/protobuf";
import type { Diagnostic, Report } from "../diagnostic/diagnostic.ts";
import { didYouMean } from "../diagnostic/did-you-mean.ts";
import type { Ir } from "../ir.ts";
import type { Text } from "../origin.ts";

const NOT_VISIBLE =
  "Correct the name, or make its file visible to this run: keep it in the same buf workspace (with `strategy: all`), or import it when it comes from a module dependency";

function missing(text: Text, what: string, name: string, candidates: Iterable<string>): Diagnostic {
  const like = didYouMean(name, [...candidates]);
  return {
    code: "BFF201",
    severity: "error",
    message: `no ${what} "${name}" is visible to this run`,
    at: text.at,
    hint: like === undefined ? NOT_VISIBLE : `Did you mean "${like}"?`,
  };
}

/** "package.Service/Method" → the method; undefined after a diagnostic. */
export function lookupMethod(ir: Ir, text: Text, report: Report): DescMethod | undefined {
  const [serviceName = "", methodName = ""] = text.value.split("/");
  const service = ir.registry.getService(serviceName);
  if (service === undefined) {
    report(missing(text, "service", serviceName, servicesOf(ir.registry)));
    return undefined;
  }
  const method = service.methods.find((method) => method.name === methodName);
  if (method === undefined) {
    const like = didYouMean(
      methodName,
      service.methods.map((method) => method.name),
    );
    report({
      code: "BFF201",
      severity: "error",
      message: `"${serviceName}" has no method "${methodName}"`,
      at: text.place(serviceName.length + 1, text.value.length),
      hint:
        like === undefined
          ? `Use one of its methods: ${service.methods.map((method) => method.name).join(", ")}`
          : `Did you mean "${serviceName}/${like}"?`,
    });
    return undefined;
  }
  if (method.methodKind !== "unary") {
    report({
      code: "BFF202",
      severity: "error",
      message: `"${text.value}" is a streaming method`,
      at: text.at,
      hint: "Call a unary method: a composed response is made of single answers",
    });
    return undefined;
  }
  return method;
}

export function lookupService(ir: Ir, text: Text, report: Report): boolean {
  if (ir.registry.getService(text.value) !== undefined) return true;
  report(missing(text, "service", text.value, servicesOf(ir.registry)));
  return false;
}

/** A message by its name, relative to the package as protobuf resolves it. */
export function lookupMessage(ir: Ir, text: Text, container: string, report: Report): DescMessage | undefined {
  const found = resolveName(container, text.value, (name) => ir.registry.getMessage(name));
  if (found === undefined) report(missing(text, "message", text.value, namesOf(ir.registry, "message", container)));
  return found;
}

export function lookupEnum(ir: Ir, text: Text, container: string, report: Report): DescEnum | undefined {
  const found = resolveName(container, text.value, (name) => ir.registry.getEnum(name));
  if (found === undefined) report(missing(text, "enum", text.value, namesOf(ir.registry, "enum", container)));
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

function* servicesOf(registry: Registry): Iterable<string> {
  for (const type of registry) if (type.kind === "service") yield type.typeName;
}
function* namesOf(registry: Registry, kind: "message" | "enum", container: string): Iterable<string> {
  for (const type of registry) {
    if (type.kind !== kind) continue;
    yield type.typeName;
    if (container !== "" && type.typeName.startsWith(`${container}.`)) yield type.typeName.slice(container.length + 1);
  }
}
