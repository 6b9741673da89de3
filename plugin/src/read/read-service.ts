import { type DescMethod, type DescService, getOption, hasOption } from "@bufbuild/protobuf";
import { method as methodOption, type Permit, service as serviceOption } from "@protobff/messages/options.js";
import { fault, type Origin, type Report } from "../diagnostic/diagnostic.ts";
import type { IrPermit } from "../ir/edge.ts";
import type { IrMethod, IrService } from "../ir/ir.ts";
import { readHttpCache, readResponseCache } from "./edge/read-caching.ts";
import { readEnv } from "./edge/read-env.ts";
import { readHeaders } from "./edge/read-headers.ts";
import { readHttp } from "./edge/read-http.ts";
import { readLimits } from "./edge/read-limits.ts";
import { readPermit } from "./edge/read-permit.ts";
import { readPriority } from "./edge/read-priority.ts";
import { readTool } from "./edge/read-tool.ts";
import { readVersion } from "./edge/read-version.ts";
import type { Locator } from "./source/locate.ts";
import type { Place } from "./source/place.ts";
import { isEmpty } from "./steps/read-policy.ts";
import { readSteps, withoutDefer } from "./steps/read-step.ts";
import { readStream } from "./steps/read-stream.ts";
import { readTopics } from "./steps/read-topic.ts";
import { checkReference } from "./values/names.ts";
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

const NO_OPTIONS = {
  timeout: undefined,
  partsTimeout: undefined,
  maxCalls: undefined,
  maxElements: undefined,
  priority: undefined,
  response: undefined,
  permit: undefined,
  version: undefined,
  limits: [],
  headers: [],
  tool: undefined,
  fields: undefined,
  validate: undefined,
  httpCache: undefined,
  cache: undefined,
  stream: undefined,
};

function readMethod(desc: DescMethod, locator: Locator, report: Report): IrMethod {
  const at = locator.name(desc);
  checkKind(desc, at, report);
  const http = readHttp(desc, locator, report);
  if (!hasOption(desc, methodOption)) return { kind: "method", desc, at, ...NO_OPTIONS, http };
  const value = getOption(desc, methodOption);
  const place = locator.rule(desc, methodOption);
  if (isEmpty(value)) fault(report, "BFF124", place.at, { message: "this rule sets no option", hint: "leave it out" });
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
    stream: stream && readStream(stream, desc, report),
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
