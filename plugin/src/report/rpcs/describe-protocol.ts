import { fullName } from "../../model/full-name.ts";
import type { PlanFile } from "../../plan/model/plan.ts";
import type { RestRule } from "../../resolve/model/rest.ts";
import type { Worst } from "../calls/describe-worst.ts";
import { restText } from "./rest-text.ts";

/** A call that is made over HTTP. */
interface HttpCall {
  /** `package.Service/Method` */
  readonly method: string;
  readonly rule: RestRule;
}

/** Returns the calls of an rpc that are made over HTTP. */
export function httpCallsOf({ upstreams }: PlanFile, { calls }: Pick<Worst, "calls">): readonly HttpCall[] {
  const called = new Set(calls.map(({ method }) => method));
  return upstreams
    .flatMap(({ http }) => http.map(({ method, rule }) => ({ method: fullName(method), rule })))
    .filter(({ method }) => called.has(method));
}

/** `  up.v1.BookService/Get over HTTP: GET /v1/{name=shelves/*}` */
export function httpLines(calls: readonly HttpCall[]): string[] {
  return calls.map(({ method, rule }) => `  ${method} over HTTP: ${restText(rule)}`);
}
