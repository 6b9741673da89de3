// For tests: every unary rpc with google.api.http in a set of descriptors, on a server that keeps the requests of its
// rpcs.
import {
  type AnyDesc,
  create,
  type DescMethod,
  type DescMethodUnary,
  type FileRegistry,
  getOption,
  hasOption,
  type Message,
} from "@bufbuild/protobuf";
import { http } from "@protobff/messages/google/api/annotations_pb.js";
import type { HttpRule } from "@protobff/messages/google/api/http_pb.js";
import { type Listenable, type Listening, type ListenOptions, listen } from "../../../packages/server/src/listen.ts";
import { readHttpTemplate } from "../../../plugin/src/read/values/http-template.ts";
import type { RestRule } from "../../../runtime/src/http-rule/rule.ts";

export interface ServedCall {
  readonly method: DescMethodUnary;
  readonly request: Message;
}

export interface Served {
  readonly server: Listening;
  readonly endpoints: readonly Listenable[];
  /** The last request. */
  last: ServedCall | undefined;
  /** The answer; default: an empty message. */
  answer: Message | undefined;
}

export async function serveAll(registry: FileRegistry, options: ListenOptions = {}): Promise<Served> {
  const served = { last: undefined, answer: undefined } as { -readonly [K in keyof Served]: Served[K] };
  served.endpoints = unaryOf(registry).flatMap((method): Listenable[] => {
    if (!hasOption(method, http)) return [];
    return [
      {
        method,
        rest: rulesOf(method),
        run(request, _headers, _ms, done) {
          served.last = { method, request };
          done(served.answer ?? create(method.output), "");
          return { cancel: () => {} };
        },
        route: () => {},
      },
    ];
  });
  served.server = await listen(served.endpoints, options);
  return served;
}

export function unaryOf(registry: Iterable<AnyDesc>): DescMethodUnary[] {
  return [...registry].flatMap((desc) =>
    desc.kind === "service"
      ? desc.methods.filter((method): method is DescMethod & DescMethodUnary => method.methodKind === "unary")
      : [],
  );
}

/** As the plugin emits them. */
export function rulesOf(method: DescMethodUnary): RestRule[] {
  const first = getOption(method, http);
  return [first, ...first.additionalBindings].map(ruleOf);
}
function ruleOf({ pattern, body, responseBody }: HttpRule): RestRule {
  if (pattern.case === undefined) throw new Error("no pattern");
  const custom = pattern.case === "custom" ? pattern.value : undefined;
  const read = readHttpTemplate(custom?.path ?? String(pattern.value));
  if (!read.ok) throw new Error(`${String(pattern.value)}: ${read.problem}`);
  const { segments, variables, verb } = read.template;
  return {
    method: custom?.kind ?? pattern.case.toUpperCase(),
    segments,
    verb,
    variables,
    ...(body !== "" && { body }),
    ...(responseBody !== "" && { responseBody }),
  };
}
