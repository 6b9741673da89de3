import { isHostName } from "@protobff/messages/host-names.js";
import {
  type Breaker,
  type FairShare,
  type FileRule,
  Protocol,
  type RetryBudget,
  type Upstream,
} from "@protobff/messages/options.js";
import { caution, fault, type Report, type Text } from "../diagnostic/diagnostic.ts";
import type { IrFairShare } from "../ir/edge.ts";
import type { IrFile } from "../ir/ir.ts";
import type { IrBreaker, IrRetryBudget, IrUpstream } from "../ir/step.ts";
import { readEnv } from "./edge/read-env.ts";
import { readIdentity } from "./edge/read-identity.ts";
import { readLimits } from "./edge/read-limits.ts";
import { readPurges } from "./edge/read-purges.ts";
import { readTelemetry, readUsage } from "./edge/read-telemetry.ts";
import { readFunction } from "./read-function.ts";
import type { Place } from "./source/place.ts";
import { readBalance } from "./steps/read-balance.ts";
import { isEmpty, readPolicy } from "./steps/read-policy.ts";
import { readShard } from "./steps/read-shards.ts";
import { checkTemplate } from "./values/check-address.ts";
import { checkDistinct, checkMethod, checkReference, checkUnique } from "./values/names.ts";
import { parseTemplate } from "./values/template.ts";
import {
  child,
  children,
  count,
  type Declared,
  duration,
  durationOrEnv,
  expression,
  ratio,
  maxElements as readMaxElements,
  sourced,
  text,
  texts,
} from "./values/values.ts";

export function readFileRule(
  { value, place }: Declared<FileRule>,
  report: Report,
): Omit<IrFile, "kind" | "desc" | "target" | "services" | "messages" | "enums"> {
  if (isEmpty(value)) fault(report, "BFF124", place.at, { message: "this rule sets no option", hint: "leave it out" });
  const telemetry = child(value.telemetry, place, "telemetry");
  const usage = child(value.usage, place, "usage");
  const identity = child(value.identity, place, "identity");
  const fairShare = child(value.fairShare, place, "fair_share");
  const functions = children(value.function, place, "function").flatMap(
    (declaration) => readFunction(declaration, report) ?? [],
  );
  checkDistinct(
    functions,
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
    usage: usage && readUsage(usage, report),
    maxElements: readMaxElements(value, place, report),
    hosts: readHosts(value, place, report),
    purges: readPurges(children(value.purge, place, "purge"), report),
    fairShare: fairShare && readFairShare(fairShare, report),
  };
}

function readUpstream(declared: Declared<Upstream>, report: Report): IrUpstream {
  const { value, place } = declared;
  const breaker = child(value.breaker, place, "breaker");
  const budget = child(value.retryBudget, place, "retry_budget");
  const balance = child(value.balance, place, "balance");
  const shard = child(value.shard, place, "shard");
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
    shard: shard && readShard(shard, report),
    bare: isEmpty(policies),
  };
  checkReference(upstream.service, "a service", report);
  checkMethod(upstream.method, report);
  if (upstream.method !== undefined) checkOneMethod(declared, upstream, upstream.method, report);
  const { readOnly } = upstream.policy;
  if (readOnly !== undefined && upstream.service === undefined && upstream.method === undefined) {
    fault(report, "BFF133", readOnly.at, {
      message: '"read_only" applies to a service or a method, and this entry names neither',
      hint: "add the `service` or the `method`",
    });
  }
  if (shard !== undefined && upstream.service === undefined && upstream.method === undefined) {
    fault(report, "BFF133", shard.place.at, {
      message: 'a "shard" applies to one upstream, and this entry governs every upstream',
      hint: "add the `service`",
    });
  }
  if (upstream.bare && (upstream.service === undefined || upstream.method !== undefined))
    fault(report, "BFF124", place.at, {
      message: "this upstream entry has no policy",
      hint: "add a policy, or leave out the entry; an entry with only a `service` makes the service available to resolvers",
    });
  return upstream;
}

/** An entry of one method holds nothing that is of a whole upstream. */
function checkOneMethod(
  { value, place }: Declared<Upstream>,
  { service, balance, retryBudget, protocol, shard }: IrUpstream,
  method: Text,
  report: Report,
): void {
  if (service !== undefined) {
    fault(report, "BFF133", service.at, {
      message: 'this entry names a "service" and a "method"',
      related: [{ at: method.at, message: "the method already names its service" }],
      hint: "leave out one of them",
    });
  }
  const related = [{ at: method.at, message: "this entry is for one method" }];
  const wholes = [
    ["retry_budget", retryBudget?.at, "move it to the entry of the service"],
    ["balance", balance?.at, "move it to the entry of the service: all methods of a service have the same addresses"],
    ["protocol", protocol?.at, "move it to the entry of the service: an address has one protocol"],
    ["shard", shard?.at, "move it to the entry of the service, or set the `shard` of the calls"],
    [
      "branch",
      value.branch.length > 0 ? place.field("branch", 0).at : undefined,
      "move it to the entry of the service: all calls of a request to an upstream go to the same branch",
    ],
  ] as const;
  for (const [name, at, hint] of wholes)
    if (at !== undefined)
      fault(report, "BFF133", at, { message: `a "${name}" applies to a whole upstream`, related, hint });
}

function readProtocol({ protocol }: Upstream, place: Place, report: Report): IrUpstream["protocol"] {
  const setting = sourced(protocol, place, "protocol");
  if (setting?.value !== Protocol.PROTOCOL_UNSPECIFIED) return setting;
  return fault(report, "BFF187", setting.at, {
    message: '"PROTOCOL_UNSPECIFIED" is not a protocol of an upstream',
    hint: "write GRPC, HTTP_JSON or CONNECT, or leave it out for GRPC",
  });
}

function readRetryBudget({ value, place }: Declared<RetryBudget>, report: Report): IrRetryBudget {
  const maxTokens = count(
    value.maxTokens,
    place,
    "max_tokens",
    "write twice the number of failures in a row that stop retries",
    report,
  );
  if (maxTokens !== undefined && maxTokens.value <= 2) {
    fault(report, "BFF145", maxTokens.at, {
      message: "this budget allows no retry: the first failure uses half of it",
      hint: "write at least 3, or turn off retries with `retry: { attempts: 1 }`",
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
    caution(report, "BFF140", place.field("off").at, {
      message: "this breaker is off: its other options have no effect",
      hint: "leave out the other options",
    });
  }
  if (isEmpty(value)) {
    caution(report, "BFF141", place.at, {
      message: 'this "breaker" sets no option',
      hint: "add the options that differ from the defaults, or leave it out",
    });
  }
  return {
    at: place.at,
    errorRate: ratio(value.errorRate, place, "error_rate", report),
    window: durationOrEnv(value.window, place, "window", report),
    minimum: count(
      value.minimum,
      place,
      "minimum",
      "write the number of calls that are needed for an error rate",
      report,
    ),
    openFor: durationOrEnv(value.openFor, place, "open_for", report),
    probes: count(
      value.probes,
      place,
      "probes",
      "write the number of calls that probe whether the upstream works again",
      report,
    ),
    slow: duration(value.slow, place, "slow", report),
    slowRate: ratio(value.slowRate, place, "slow_rate", report),
    off: sourced(value.off, place, "off"),
    consecutive: sourced(value.consecutive, place, "consecutive"),
  };
}

/** Reads the host names of a package. A name with holes is checked again when the server starts. */
function readHosts({ host }: FileRule, place: Place, report: Report): readonly Text[] {
  const hosts = texts(host, place, "host");
  for (const text of hosts) {
    checkTemplate(text, report);
    const template = parseTemplate(text.value);
    if (!template.ok || isHostName(template.parts.map((part) => (part.kind === "text" ? part.text : "x")).join("")))
      continue;
    fault(report, "BFF195", text.at, {
      message: `${JSON.stringify(text.value)} is no host name in lower case`,
      hint: "write a name such as `shop.example.com` or `*.example.com`, without scheme, port and path",
    });
  }
  checkUnique(
    hosts,
    "BFF195",
    (name) => `the host ${JSON.stringify(name)} is listed twice`,
    "leave out one of them",
    report,
  );
  return hosts;
}

/** Reads the fair shares of a package. */
function readFairShare({ value, place }: Declared<FairShare>, report: Report): IrFairShare | undefined {
  const key = expression(value.key, place, "key", report);
  const weight = expression(value.weight, place, "weight", report);
  const queue = count(value.queue, place, "queue", "write the number of calls of one key that may wait", report);
  if (value.key === undefined) {
    fault(report, "BFF525", place.at, {
      message: "these fair shares have no `key`",
      hint: 'add what differs between callers, such as `key: "principal.tenant"`',
    });
  }
  return key && { at: place.at, key, weight, queue };
}
