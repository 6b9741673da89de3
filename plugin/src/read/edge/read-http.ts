// The HTTP paths of an rpc: google.api.http, found by its number, whichever copy of google/api the protos import.
import { type DescMethod, getOption, hasOption } from "@bufbuild/protobuf";
import { http as httpOption } from "@protobff/messages/google/api/annotations_pb.js";
import type { HttpRule } from "@protobff/messages/google/api/http_pb.js";
import { type Diagnostic, fault, type Report, type Text } from "../../diagnostic/diagnostic.ts";
import type { IrBinding, IrHttpRule } from "../../ir/edge.ts";
import type { Locator } from "../source/locate.ts";
import { readHttpTemplate } from "../values/http-template.ts";
import { type Declared, text } from "../values/values.ts";

/** Returns the rules that have no fault, `additional_bindings` among them, in the order of their declaration. */
export function readHttp(desc: DescMethod, locator: Locator, report: Report): readonly IrHttpRule[] {
  if (!hasOption(desc, httpOption)) return [];
  const first = { value: getOption(desc, httpOption), place: locator.rule(desc, httpOption) };
  const more = first.value.additionalBindings.map((value, i) => ({
    value,
    place: first.place.field("additional_bindings", i),
  }));
  for (const { value, place } of more) {
    if (value.additionalBindings.length === 0) continue;
    fault(report, "BFF185", place.field("additional_bindings", 0).at, {
      message: "a binding inside `additional_bindings` cannot have additional bindings",
      hint: "move the inner bindings to the `additional_bindings` of the rule",
    });
  }
  return [first, ...more].flatMap((declared) => readRule(declared, report) ?? []);
}

/** The first binding of an rpc that others serve; undefined: it has none. */
export function readBinding(desc: DescMethod, locator: Locator): IrBinding | undefined {
  if (!hasOption(desc, httpOption)) return undefined;
  const place = locator.rule(desc, httpOption);
  const faults: Diagnostic[] = [];
  const rule = readRule({ value: getOption(desc, httpOption), place }, (fault) => faults.push(fault));
  return { kind: "binding", rule, faults };
}

function readRule(declared: Declared<HttpRule>, report: Report): IrHttpRule | undefined {
  const { value, place } = declared;
  const pattern = patternOf(declared, report);
  if (pattern === undefined) return undefined;
  const { method, path } = pattern;
  const read = readHttpTemplate(path.value);
  if (!read.ok) {
    const { offset, length, problem, hint } = read;
    return fault(report, "BFF184", path.place(offset, offset + length), { message: problem, hint });
  }
  const body = isSet(value.body) ? text(value.body, place, "body") : undefined;
  if (body !== undefined && WITHOUT_BODY.has(method))
    return fault(report, "BFF186", body.at, {
      message: `a request with ${method} has no body`,
      hint: `leave out the body, whose fields then are query parameters, or choose another method, such as \`post: ${JSON.stringify(path.value)}\``,
    });
  const responseBody = isSet(value.responseBody) ? text(value.responseBody, place, "response_body") : undefined;
  return { kind: "http_rule", at: place.at, method, path, template: read.template, body, responseBody };
}
const isSet = (value: string): boolean => value !== "";
const WITHOUT_BODY: ReadonlySet<string> = new Set(["GET", "HEAD", "DELETE"]);
/** These are the server's: of preflights, and of proxies. */
const RESERVED: ReadonlySet<string> = new Set(["OPTIONS", "CONNECT", "TRACE"]);

function patternOf(
  { value, place }: Declared<HttpRule>,
  report: Report,
): { readonly method: string; readonly path: Text } | undefined {
  const { pattern } = value;
  if (pattern.case === undefined)
    return fault(report, "BFF185", place.at, {
      message: "this rule has no method and path",
      hint: 'add the method with the path, as in `get: "/v1/books/{id}"`',
    });
  if (pattern.case !== "custom")
    return { method: pattern.case.toUpperCase(), path: place.field(pattern.case).text(pattern.value) };
  const custom = place.field("custom");
  const { kind, path } = pattern.value;
  if (kind !== "*" && (!/^[A-Z][A-Z-]*$/.test(kind) || RESERVED.has(kind))) {
    const why = RESERVED.has(kind) ? "is a method that the server answers itself" : "is not a method of HTTP";
    return fault(report, "BFF185", custom.field("kind").at, {
      message: `${JSON.stringify(kind)} ${why}`,
      hint: 'write another method in capitals, such as "HEAD", or "*" for all methods',
    });
  }
  return { method: kind, path: custom.field("path").text(path) };
}
