import { isTraceId } from "@protobff/messages/trace-ids.js";
import { childrenOf, type Expression, type Node } from "../../cel/index.ts";
import { caution, type Report } from "../../diagnostic/diagnostic.ts";
import { callsOf, composesOf, messagesByName } from "../../resolve/model/blocks.ts";
import type { Call } from "../../resolve/model/call.ts";
import type { Composed, Step } from "../../resolve/model/model.ts";
import type { Check } from "../check.ts";
import { REQUEST_IDS } from "../request-names.ts";

/** The source of a value that differs from every earlier value. */
type Unique = "the time" | "the request id";

/** Reports a cache whose key differs for each request: it never finds an answer again. */
export const cacheKeys: Check = {
  rules: {
    BFF802:
      "A cached call sends the same request several times. With the time or the request id in it, the cache never finds an answer again.",
  },
  run(model, report) {
    const messages = messagesByName(model.messages);
    /** Steps and arguments whose value differs for each request, by the objects that reads refer to. */
    const unique = new Map<unknown, Unique>();
    const of = (expression: Expression | undefined): Unique | undefined =>
      expression && uniqueIn(expression.root, unique);
    for (const message of model.messages) {
      for (const step of inOrder(message)) {
        const found = step.source.kind === "by" ? of(step.source.by) : undefined;
        if (found !== undefined) unique.set(step.variable, found);
        for (const compose of composesOf(step.source)) {
          const child = messages.get(compose.message.typeName);
          for (const arg of compose.args) {
            const uniqueness = of(arg.by);
            const member = child?.args.members.find(({ name }) => name === arg.name);
            if (uniqueness !== undefined && member !== undefined) unique.set(member.variable, uniqueness);
          }
        }
        for (const call of callsOf(step.source)) if (isCached(call)) checkKey(call, of, report);
      }
    }
  },
};

const isCached = ({ policy, effects }: Call): boolean => effects === "none" && (policy.cache.ttl?.value ?? 0) > 0;

function checkKey(call: Call, of: (expression: Expression | undefined) => Unique | undefined, report: Report): void {
  const ttl = call.policy.cache.ttl;
  const parts = [
    call.request?.expression,
    ...call.set.map(({ bound }) => bound.expression),
    ...call.metadata.map(({ by }) => by),
  ];
  const part = parts.find((expression) => of(expression) !== undefined);
  const forwarded = call.policy.forward.find(({ value }) => REQUEST_IDS.has(value) && !isTraceId(value));
  const found = part === undefined ? forwarded && "the request id" : of(part);
  if (found === undefined) return;
  caution(report, "BFF802", part?.text.at ?? forwarded?.at ?? call.ir.at, {
    message: `${found} is part of this call, so its cache never finds an answer again`,
    ...(ttl === undefined ? {} : { related: [{ at: ttl.at, message: "the call is cached here" }] }),
    hint: 'leave it out of the call, or turn the cache off with `cache: { ttl: "0s" }`',
  });
}

/** Returns steps after the steps that they read; steps in a circle are left out, since the circle has been reported. */
function inOrder(message: Composed): Iterable<Step> {
  const done = new Set<Step>();
  const open = [...message.steps];
  for (let step = open.at(-1); step !== undefined; step = open.at(-1)) {
    const missing = done.has(step) ? [] : step.reads.filter((read) => !done.has(read));
    if (missing.length > 0) open.push(...missing);
    else {
      done.add(step);
      open.pop();
    }
  }
  return done;
}

/** Functions and operators whose result differs if an operand does. */
const KEEPS = /^(string|int|timestamp|_\+_|_-_)$/;

function uniqueIn(node: Node, unique: ReadonlyMap<unknown, Unique>): Unique | undefined {
  switch (node.kind) {
    case "name":
      return node.variable.role === "now" ? "the time" : unique.get(node.variable);
    case "message":
    case "list":
    case "map":
      return first(childrenOf(node), unique);
    case "call": {
      const [, name] = node.args;
      if (node.overload === "header")
        return name?.kind === "constant" && typeof name.value === "string" && REQUEST_IDS.has(name.value)
          ? "the request id"
          : undefined;
      if (node.overload === "conditional") return first(node.args.slice(1), unique);
      return KEEPS.test(node.fn) ? first(node.args, unique) : undefined;
    }
    default:
      return undefined;
  }
}

function first(nodes: readonly Node[], unique: ReadonlyMap<unknown, Unique>): Unique | undefined {
  for (const node of nodes) {
    const found = uniqueIn(node, unique);
    if (found !== undefined) return found;
  }
  return undefined;
}
