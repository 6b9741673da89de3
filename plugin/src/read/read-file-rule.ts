import {
  type Breaker,
  type FileRule,
  Protocol,
  type RetryBudget,
  type Upstream,
} from "@protobff/messages/bff/v1/options_pb.js";
import type { Report } from "../diagnostic/diagnostic.ts";
import type { Text } from "../diagnostic/origin.ts";
import type { IrFile } from "../ir/ir.ts";
import type { IrBreaker, IrRetryBudget, IrUpstream } from "../ir/step.ts";
import { readEnv } from "./edge/read-env.ts";
import { readIdentity } from "./edge/read-identity.ts";
import { readLimits } from "./edge/read-limits.ts";
import { readTelemetry } from "./edge/read-telemetry.ts";
import { caution, fault } from "./fault.ts";
import { readFunction } from "./read-function.ts";
import type { Place } from "./source/place.ts";
import { readBalance } from "./steps/read-balance.ts";
import { isEmpty, readPolicy } from "./steps/read-policy.ts";
import { checkMethod, checkReference, checkUnique } from "./values/names.ts";
import { child, children, type Declared, sourced, text } from "./values/value-place.ts";
import { count, duration, ratio, maxElements as readMaxElements } from "./values/values.ts";

export function readFileRule(
  { value, place }: Declared<FileRule>,
  report: Report,
): Pick<IrFile, "upstreams" | "env" | "functions" | "identity" | "limits" | "telemetry" | "maxElements"> {
  if (isEmpty(value)) fault(report, "BFF124", place.at, "this rule says nothing", { hint: "leave it out" });
  const telemetry = child(value.telemetry, place, "telemetry");
  const identity = child(value.identity, place, "identity");
  const functions = children(value.function, place, "function").flatMap((one) => readFunction(one, report) ?? []);
  checkUnique(
    functions.map((one) => one.name),
    "BFF108",
    (name) => `the function "${name}" is declared twice`,
    "leave out one of them",
    report,
  );
  return {
    upstreams: children(value.upstream, place, "upstream").map((upstream) => readUpstream(upstream, report)),
    env: readEnv(children(value.env, place, "env"), report),
    functions,
    identity: identity && readIdentity(identity, report),
    limits: readLimits(value, place, report),
    telemetry: telemetry && readTelemetry(telemetry, report),
    maxElements: readMaxElements(value, place, report),
  };
}

function readUpstream(declared: Declared<Upstream>, report: Report): IrUpstream {
  const { value, place } = declared;
  const breaker = child(value.breaker, place, "breaker");
  const budget = child(value.retryBudget, place, "retry_budget");
  const balance = child(value.balance, place, "balance");
  const protocol = readProtocol(value, place, report);
  const { service: _service, method: _method, ...policies } = value;
  const upstream: IrUpstream = {
    kind: "upstream",
    at: place.at,
    service: text(value.service, place, "service"),
    method: text(value.method, place, "method"),
    policy: readPolicy({ value, place }, report),
    breaker: breaker && readBreaker(breaker, report),
    retryBudget: budget && readRetryBudget(budget, report),
    balance: balance && readBalance(balance, report),
    protocol,
    bare: isEmpty(policies),
  };
  checkReference(upstream.service, "a service", report);
  checkMethod(upstream.method, report);
  if (upstream.method !== undefined) checkOneMethod(declared, upstream, upstream.method, report);
  const { readOnly } = upstream.policy;
  if (readOnly !== undefined && upstream.service === undefined && upstream.method === undefined) {
    fault(report, "BFF133", readOnly.at, '"read_only" is of a service or a method', {
      hint: "name the `service` or the `method` that it is for",
    });
  }
  if (upstream.bare && (upstream.service === undefined || upstream.method !== undefined))
    fault(report, "BFF124", place.at, "this upstream entry has no policy", {
      hint: "add one, or leave out the entry; one with a `service` alone makes it known to resolvers",
    });
  return upstream;
}

/** An entry of one method holds nothing that is of a whole upstream. */
function checkOneMethod(
  { value, place }: Declared<Upstream>,
  { service, balance, retryBudget, protocol }: IrUpstream,
  method: Text,
  report: Report,
): void {
  if (service !== undefined) {
    fault(report, "BFF133", service.at, 'this entry names a "service" and a "method"', {
      related: [{ at: method.at, message: "this already says which service" }],
      hint: "leave out one of them",
    });
  }
  const related = [{ at: method.at, message: "this entry is of one method" }];
  if (retryBudget !== undefined) {
    fault(report, "BFF133", retryBudget.at, 'a "retry_budget" is of a whole upstream', {
      related,
      hint: "write it on the entry of the service",
    });
  }
  if (balance !== undefined) {
    fault(report, "BFF133", balance.at, 'a "balance" is of a whole upstream', {
      related,
      hint: "write it on the entry of the service: all of its methods are called at the same addresses",
    });
  }
  if (protocol !== undefined) {
    fault(report, "BFF133", protocol.at, 'a "protocol" is of a whole upstream', {
      related,
      hint: "write it on the entry of the service: one address speaks one protocol",
    });
  }
  if (value.branch.length > 0) {
    fault(report, "BFF133", place.field("branch", 0).at, 'a "branch" is of a whole upstream', {
      related,
      hint: "write it on the entry of the service: all calls of a request to an upstream go to one side",
    });
  }
}

function readProtocol({ protocol }: Upstream, place: Place, report: Report): IrUpstream["protocol"] {
  const setting = sourced(protocol, place, "protocol");
  if (setting?.value !== Protocol.PROTOCOL_UNSPECIFIED) return setting;
  fault(report, "BFF187", setting.at, '"PROTOCOL_UNSPECIFIED" does not say what the upstream speaks', {
    hint: "write GRPC or HTTP_JSON, or leave it out, which is GRPC",
  });
  return undefined;
}

function readRetryBudget({ value, place }: Declared<RetryBudget>, report: Report): IrRetryBudget {
  const maxTokens = count(
    value.maxTokens,
    place,
    "max_tokens",
    "write how many failures in a row stop retrying, doubled",
    report,
  );
  if (maxTokens !== undefined && maxTokens.value <= 2) {
    fault(report, "BFF145", maxTokens.at, "this budget allows no retry: the first failure takes half of it", {
      hint: "write at least 3, or turn retrying off with `retry: { attempts: 1 }`",
    });
  }
  return {
    at: place.at,
    maxTokens,
    tokenRatio: ratio(value.tokenRatio, place, "token_ratio", report),
  };
}

function readBreaker({ value, place }: Declared<Breaker>, report: Report): IrBreaker {
  const { off, ...numbers } = value;
  if (off === true && !isEmpty(numbers)) {
    caution(
      report,
      "BFF140",
      place.field("off").at,
      "this breaker is off: what else it says has no effect",
      "leave out the rest",
    );
  }
  if (isEmpty(value)) {
    caution(
      report,
      "BFF141",
      place.at,
      'this "breaker" says nothing',
      "write what differs from the default, or leave it out",
    );
  }
  return {
    at: place.at,
    errorRate: ratio(value.errorRate, place, "error_rate", report),
    window: duration(value.window, place, "window", report),
    minimum: count(value.minimum, place, "minimum", "write how many samples it takes to judge", report),
    openFor: duration(value.openFor, place, "open_for", report),
    probes: count(value.probes, place, "probes", "write how many calls may try whether the upstream is back", report),
    slow: duration(value.slow, place, "slow", report),
    slowRate: ratio(value.slowRate, place, "slow_rate", report),
    off: sourced(value.off, place, "off"),
  };
}
