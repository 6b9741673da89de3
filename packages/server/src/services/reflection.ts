import type { DescExtension, DescFile, DescService, MessageInitShape } from "@bufbuild/protobuf";
import { nestedTypes } from "@bufbuild/protobuf/reflect";
import { Code, ConnectError, type ConnectRouter, type HandlerContext } from "@connectrpc/connect";
import { INCOMING } from "@protobff/runtime/internal/endpoint/authentication-handler";
import { PLACES } from "@protobff/runtime/internal/stream/follower-places";
import {
  ServerReflection,
  type ServerReflectionRequest,
  type ServerReflectionResponseSchema,
} from "../gen/grpc/reflection/v1/reflection_pb.ts";
import { REFLECTION_ALPHA } from "../streams/service-paths.ts";
import { SERVICE_STREAM_AGE_MS } from "../streams/stream-account.ts";
import { publicBytes, publicDependencies } from "./public-descriptors.ts";

type Question = ServerReflectionRequest["messageRequest"];
type Answer = NonNullable<MessageInitShape<typeof ServerReflectionResponseSchema>["messageResponse"]>;

const METHOD = ServerReflection.method.serverReflectionInfo;
const TOO_OLD = "the stream has been open for its max_age";

/**
 * grpc.reflection.v1 and v1alpha over these services and the files they need.
 *
 * @param draining ends the streams
 * @param maxAgeMs longest time that a stream stays open
 */
export function routeReflection(
  router: ConnectRouter,
  services: readonly DescService[],
  draining: AbortSignal,
  maxAgeMs = SERVICE_STREAM_AGE_MS,
): void {
  const index = new DescriptorIndex([...services, ServerReflection]);

  async function* info(requests: AsyncIterable<ServerReflectionRequest>, context: HandlerContext) {
    const { signal, values, requestHeader } = context;
    const places = values.get(PLACES);
    const old = new AbortController();
    const stream = { drain: () => old.abort() };
    const refusal = places?.enter(stream, values.get(INCOMING) ?? requestHeader);
    if (refusal !== undefined) throw refusal;
    const age = setTimeout(() => old.abort(), maxAgeMs);
    try {
      for await (const request of until(AbortSignal.any([signal, old.signal]), requests)) {
        yield {
          validHost: request.host,
          originalRequest: request,
          messageResponse: index.answer(request.messageRequest),
        };
      }
      if (old.signal.aborted && !signal.aborted) throw new ConnectError(TOO_OLD, Code.Unavailable);
    } finally {
      clearTimeout(age);
      places?.leave(stream);
    }
  }

  // The same messages under an older service name, which many tools still call.
  const alpha = { ...METHOD, parent: { ...ServerReflection, typeName: REFLECTION_ALPHA } };
  router.rpc(METHOD, info, { shutdownSignal: draining });
  router.rpc(alpha, info, { shutdownSignal: draining });
}

/** Files by name and by what they declare. */
class DescriptorIndex {
  readonly #services: readonly DescService[];
  readonly #files = new Map<string, DescFile>();
  readonly #bySymbol = new Map<string, DescFile>();
  readonly #extensions = new Map<string, DescExtension[]>();

  constructor(services: readonly DescService[]) {
    this.#services = services;
    for (const service of services) this.#add(service.file);
  }

  answer(question: Question): Answer {
    switch (question.case) {
      case "listServices": {
        const service = this.#services.map(({ typeName }) => ({ name: typeName }));
        return { case: "listServicesResponse", value: { service } };
      }
      case "fileByFilename":
        return fileAnswer(this.#files.get(question.value), `file ${question.value}`);
      case "fileContainingSymbol":
        return fileAnswer(this.#bySymbol.get(question.value.replace(/^\./, "")), `symbol ${question.value}`);
      case "fileContainingExtension": {
        const { containingType, extensionNumber } = question.value;
        const found = this.#extensions.get(containingType)?.find(({ number }) => number === extensionNumber);
        return fileAnswer(found?.file, `extension ${extensionNumber} of ${containingType}`);
      }
      case "allExtensionNumbersOfType": {
        const extensionNumber = this.#extensions.get(question.value)?.map(({ number }) => number);
        if (extensionNumber === undefined && !this.#bySymbol.has(question.value)) return notFound(question.value);
        return {
          case: "allExtensionNumbersResponse",
          value: { baseTypeName: question.value, extensionNumber: extensionNumber ?? [] },
        };
      }
      default:
        return errorAnswer(Code.Unimplemented, "a kind of question that this server does not know");
    }
  }

  #add(file: DescFile): void {
    const name = file.proto.name;
    if (this.#files.has(name)) return;
    this.#files.set(name, file);
    for (const dependency of publicDependencies(file)) this.#add(dependency);
    for (const type of nestedTypes(file)) {
      this.#bySymbol.set(type.typeName, file);
      if (type.kind === "message") {
        for (const field of type.fields) this.#bySymbol.set(`${type.typeName}.${field.name}`, file);
      } else if (type.kind === "service") {
        for (const method of type.methods) this.#bySymbol.set(`${type.typeName}.${method.name}`, file);
      } else if (type.kind === "extension") {
        const extendee = type.extendee.typeName;
        this.#extensions.set(extendee, [...(this.#extensions.get(extendee) ?? []), type]);
      }
    }
  }
}

/** The file first, then everything it needs. */
function fileAnswer(file: DescFile | undefined, what: string): Answer {
  if (file === undefined) return notFound(what);
  const all = new Set<DescFile>();
  const collect = (file: DescFile) => {
    if (all.has(file)) return;
    all.add(file);
    publicDependencies(file).forEach(collect);
  };
  collect(file);
  const fileDescriptorProto = [...all].map(publicBytes);
  return { case: "fileDescriptorResponse", value: { fileDescriptorProto } };
}

function notFound(what: string): Answer {
  return errorAnswer(Code.NotFound, `${what} not found`);
}

function errorAnswer(errorCode: Code, errorMessage: string): Answer {
  return { case: "errorResponse", value: { errorCode, errorMessage } };
}

/** The items until the signal is aborted. */
async function* until<T>(signal: AbortSignal, items: AsyncIterable<T>): AsyncGenerator<T> {
  const aborted = Promise.withResolvers<{ done: true; value: undefined }>();
  const onAbort = () => aborted.resolve({ done: true, value: undefined });
  if (signal.aborted) return;
  signal.addEventListener("abort", onAbort);
  try {
    const iterator = items[Symbol.asyncIterator]();
    for (;;) {
      const next = iterator.next();
      // If the abort wins, nothing else handles a rejection.
      next.catch(() => {});
      const item = await Promise.race([next, aborted.promise]);
      if (item.done) return;
      yield item.value;
    }
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
