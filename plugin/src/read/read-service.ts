import { type DescMethod, type DescService, getOption, hasOption } from "@bufbuild/protobuf";
import {
  type Bind,
  type MethodRule,
  method as methodOption,
  type Permit,
  Priority,
  service as serviceOption,
  type Version,
} from "@protobff/messages/options.js";
import { fault, type Origin, type Report, type Sourced, type Text } from "../diagnostic/diagnostic.ts";
import type { IrPermit, IrPriority, IrVersion } from "../ir/edge.ts";
import type { IrMethod, IrService } from "../ir/ir.ts";
import type { IrBind } from "../ir/step.ts";
import { readHttpCache, readResponseCache } from "./edge/read-caching.ts";
import { readEnv } from "./edge/read-env.ts";
import { readHttp } from "./edge/read-http.ts";
import { readLimits } from "./edge/read-limits.ts";
import { readPermit } from "./edge/read-permit.ts";
import { readTool } from "./edge/read-tool.ts";
import type { Locator } from "./source/locate.ts";
import { barePlace, type Place } from "./source/place.ts";
import { readBinds } from "./steps/read-binds.ts";
import { isEmpty } from "./steps/read-policy.ts";
import { readSteps, withoutDefer } from "./steps/read-step.ts";
import { readStream } from "./steps/read-stream.ts";
import { readTopics } from "./steps/read-topic.ts";
import { checkMethod, checkReference } from "./values/names.ts";
import { child, children, count, duration, durationOrEnv, maxElements, sourced, text } from "./values/values.ts";

/** Undefined for a service that is none of ours. */
export function readService(desc: DescService, locator: Locator, report: Report): IrService | undefined {
  if (!hasOption(desc, serviceOption)) {
    for (const method of desc.methods) {
      if (!hasOption(method, methodOption)) continue;
      fault(report, "BFF132", locator.rule(method, methodOption).at, {
        message: `"${desc.name}" is not a BFF service`,
        related: [{ at: locator.name(desc), message: "the service" }],
        hint: "add `option (bff.v1.service) = {};` to the service",
      });
    }
    return undefined;
  }
  const value = getOption(desc, serviceOption);
  const place = locator.rule(desc, serviceOption);
  const permit = permitOf(value, place, "service", report);
  return {
    kind: "service",
    desc,
    at: locator.name(desc),
    permit,
    version: readVersion(value, place, report),
    limits: readLimits(value, place, report),
    httpCache: readHttpCache(value, place, report),
    steps: withoutDefer(readSteps(value.let, place, report), report),
    env: readEnv(children(value.env, place, "env"), report),
    topics: readTopics(children(value.topic, place, "topic"), report),
    tool: readTool(value, place, undefined, report),
    methods: desc.methods.map((method) => readMethod(method, locator, report)),
  };
}

function readMethod(desc: DescMethod, locator: Locator, report: Report): IrMethod {
  const at = locator.name(desc);
  checkKind(desc, at, report);
  const http = readHttp(desc, locator, report);
  const isRuled = hasOption(desc, methodOption);
  // Without a rule, no option is set.
  const value = getOption(desc, methodOption);
  const place = isRuled ? locator.rule(desc, methodOption) : barePlace(at);
  if (isRuled && isEmpty(value))
    fault(report, "BFF124", place.at, { message: "this rule sets no option", hint: "leave it out" });
  const permit = permitOf(value, place, "rpc", report);
  const response = text(value.response, place, "response");
  checkReference(response, "a message", report);
  const stream = child(value.stream, place, "stream");
  if (value.partsTimeout !== undefined && (stream !== undefined || desc.methodKind === "unary"))
    fault(report, "BFF673", place.field("parts_timeout").at, {
      message: `"parts_timeout" limits the parts of a response, and the response of "${desc.name}" has no parts`,
      hint: "leave it out: `timeout` limits a response, and each item of a stream",
    });
  return {
    kind: "method",
    desc,
    at,
    ...(stream === undefined ? { stream: undefined, live: undefined } : readStream(stream, desc, report)),
    timeout: durationOrEnv(value.timeout, place, "timeout", report),
    partsTimeout: duration(value.partsTimeout, place, "parts_timeout", report),
    maxElements: maxElements(value, place, report),
    priority: readPriority(value, place, report),
    maxCalls: count(
      value.maxCalls,
      place,
      "max_calls",
      "write the maximum number of upstream calls of one request",
      report,
    ),
    response,
    permit,
    version: readVersion(value, place, report),
    limits: readLimits(value, place, report),
    headers: readHeaders(value, place, report),
    tool: readTool(value, place, desc, report),
    fields: text(value.fields, place, "fields"),
    validate: sourced(value.validate, place, "validate"),
    http,
    httpCache: readHttpCache(value, place, report),
    cache: readResponseCache(value, place, report),
  };
}

/** Reports an rpc with a stream from the client, of which no response is composed. */
function checkKind({ name, methodKind }: DescMethod, at: Origin, report: Report): void {
  if (methodKind === "unary" || methodKind === "server_streaming") return;
  fault(report, "BFF131", at, {
    message: `the rpc "${name}" takes a stream from the client`,
    hint: "change the request to one message, or move the rpc to a service without `(bff.v1.service)`",
  });
}

function permitOf(
  { permit: value }: { readonly permit?: Permit | undefined },
  place: Place,
  of: "service" | "rpc",
  report: Report,
): IrPermit | undefined {
  const declared = child(value, place, "permit");
  return declared && readPermit(declared, of, report);
}

/** Maximum number of headers of an rpc. */
const MAX_HEADERS = 16;

/** Reads the headers of an rpc's answers. */
function readHeaders(
  { header }: { readonly header: readonly Bind[] },
  place: Place,
  report: Report,
): readonly IrBind[] {
  const headers = readBinds(header, place, "header", "answer header", report);
  const first = headers[MAX_HEADERS];
  if (first !== undefined)
    fault(report, "BFF196", first.at, {
      message: `this rpc has ${headers.length} headers, and ${MAX_HEADERS} at most are sent`,
      hint: `leave out ${headers.length - MAX_HEADERS}, or move values into a field of the response`,
    });
  return headers;
}

const PRIORITIES: { readonly [value in Priority]?: IrPriority } = {
  [Priority.LOW]: "low",
  [Priority.NORMAL]: "normal",
  [Priority.HIGH]: "high",
};

/** Reads the class of an rpc under overload. */
function readPriority({ priority: value }: MethodRule, place: Place, report: Report): Sourced<IrPriority> | undefined {
  const setting = sourced(value, place, "priority");
  if (setting === undefined) return undefined;
  const priority = PRIORITIES[setting.value];
  if (priority !== undefined) return { value: priority, at: setting.at };
  return fault(report, "BFF194", setting.at, {
    message: '"PRIORITY_UNSPECIFIED" is not a class of requests',
    hint: "write LOW, NORMAL or HIGH, or leave it out",
  });
}

/** Reads the end of an rpc, or of each rpc of a service. */
function readVersion(
  { version: value }: { readonly version?: Version | undefined },
  within: Place,
  report: Report,
): IrVersion | undefined {
  const declared = child(value, within, "version");
  if (declared === undefined) return undefined;
  const { place } = declared;
  if (isEmpty(declared.value))
    fault(report, "BFF124", place.at, {
      message: "this version sets no option",
      hint: 'add the day of the deprecation, as in `version: { deprecated: "2026-11-01" }`, or leave out `version`',
    });
  const successor = text(declared.value.successor, place, "successor");
  if (successor?.value.includes("/")) checkMethod(successor, report);
  else checkReference(successor, "a service", report);
  const dates = {
    deprecated: text(declared.value.deprecated, place, "deprecated"),
    sunset: text(declared.value.sunset, place, "sunset"),
  };
  const deprecated = day(dates.deprecated, "deprecated", report);
  const sunset = day(dates.sunset, "sunset", report);
  const faulty = deprecated !== dates.deprecated || sunset !== dates.sunset;
  return { kind: "version", deprecated, sunset, successor, faulty };
}

/** A day as ISO 8601 has it; undefined after a diagnostic too. */
function day(found: Text | undefined, name: string, report: Report): Text | undefined {
  if (found === undefined || isDay(found.value)) return found;
  return fault(report, "BFF180", found.at, {
    message: `${JSON.stringify(found.value)} of "${name}" is not a day`,
    hint: 'write year, month and day, as in "2026-11-01": the day begins at midnight UTC',
  });
}

/** Returns true for a day that exists; JavaScript alone would accept the 30th of February. */
function isDay(value: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(value)) return false;
  const time = Date.parse(`${value}T00:00:00Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(value);
}
