// For tests only: a rpc whose answers are of every kind, on the fast path or on Connect's adapter alone.
import { create, createFileRegistry, type DescService } from "@bufbuild/protobuf";
import type { GenService } from "@bufbuild/protobuf/codegenv2";
import {
  FileDescriptorProtoSchema,
  file_google_protobuf_source_context,
  type SourceContext,
  SourceContextSchema,
  StringValueSchema,
} from "@bufbuild/protobuf/wkt";
import { routeOf } from "@protobff/runtime/internal/endpoint/connect-route";
import type { Endpoint } from "@protobff/runtime/internal/endpoint/endpoint-options";
import { breakerOpen, Code, Failure, Reason, timedOut } from "@protobff/runtime/internal/failure";
import type { Listenable } from "../listen.ts";

const file = create(FileDescriptorProtoSchema, {
  name: "kinds/v1/kinds.proto",
  package: "kinds.v1",
  syntax: "proto3",
  dependency: ["google/protobuf/source_context.proto"],
  service: [
    {
      name: "KindService",
      method: [
        { name: "Get", inputType: ".google.protobuf.SourceContext", outputType: ".google.protobuf.SourceContext" },
      ],
    },
  ],
});
type Kinds = GenService<{
  get: { methodKind: "unary"; input: typeof SourceContextSchema; output: typeof SourceContextSchema };
}>;
const found: DescService | undefined = createFileRegistry(file, (name) =>
  name === "google/protobuf/source_context.proto" ? file_google_protobuf_source_context : undefined,
).getService("kinds.v1.KindService");
if (found === undefined) throw new Error("no service");
export const KindService = found as Kinds;
export const PATH = "/kinds.v1.KindService/Get";

/** What of the endpoint is under way. */
export interface Kept {
  running: number;
  cancelled: number;
}

/** Answers as the request's `file_name` says. `slow`: without a fast path. */
export function kindEndpoint(slow: boolean, kept: Kept = { running: 0, cancelled: 0 }): Listenable {
  const method = KindService.method.get;
  const run: Endpoint["run"] = (args, headers, clientMs, done, failed) => {
    const { fileName } = args as SourceContext;
    const [kind] = fileName.split(":", 1);
    const rest = fileName.slice(fileName.indexOf(":") + 1);
    if (kind === "throw") throw new TypeError(rest);
    const answer = (text: string, degraded = "") => done(create(SourceContextSchema, { fileName: text }), degraded);
    let over = false;
    kept.running += 1;
    const end = (how: () => void): void => {
      if (over) return;
      over = true;
      kept.running -= 1;
      how();
    };
    const thing = (): Failure =>
      new Failure({
        code: Code.NOT_FOUND,
        reason: Reason.REJECTED,
        callee: "up.v1.Up",
        message: "secret",
        clientCode: Code.NOT_FOUND,
        clientMessage: `no ${rest} – "ü"%\n`,
        details: [{ desc: StringValueSchema, value: create(StringValueSchema, { value: rest }) }],
      });
    const declared = { headers: [], trailers: [], declared: ["x-declared", "of an answer"] };
    const metadata = { headers: ["x-one", "1", "x-one", "2"], trailers: ["x-two", "3", "x-bin", "AAE"] };
    const kinds: Readonly<Record<string, () => void>> = {
      fail: () => failed(thing()),
      breaker: () => failed(breakerOpen("up.v1.Up")),
      degraded: () => answer("less", "parts;timeout"),
      big: () => answer("x".repeat(Number(rest))),
      header: () => answer(String(headers.get(rest))),
      deadline: () => answer(clientMs === undefined ? "none" : "some"),
      wrong: () => done({ $typeName: "google.protobuf.SourceContext", fileName: 1 } as never, "", declared),
      declared: () => done(create(SourceContextSchema, { fileName: "a" }), "", declared),
      metadata: () => done(create(SourceContextSchema), "", metadata),
    };
    const immediately = kinds[kind ?? ""] ?? (() => answer(fileName));
    if (clientMs !== undefined && clientMs <= 0) end(() => failed(timedOut("", "")));
    else if (kind !== "wait") queueMicrotask(() => end(immediately));
    return {
      cancel: () =>
        end(() => {
          kept.cancelled += 1;
        }),
    };
  };
  return { method, route: routeOf(method, run), ...(!slow && { run }) };
}
