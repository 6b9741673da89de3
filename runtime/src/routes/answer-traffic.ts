// Counts the messages of answers that Connect's adapter serves, as they leave: compressed, and without frames.
import type { DescMethod } from "@bufbuild/protobuf";
import type { ConnectRouter } from "@connectrpc/connect";
import type { UniversalHandler, UniversalServerRequest, UniversalServerResponse } from "@connectrpc/connect/protocol";
import { PREFIX_BYTES } from "../wire/frame.ts";
import type { Traffic } from "../wire/traffic.ts";

/** Content types of protocols with a prefix before each message: gRPC, gRPC-Web, streams of Connect. */
const FRAMED = /^application\/(?:grpc|connect\+)/i;
const COMPRESSED = 1;

/** Counts the answers of everything in the router that is one of these endpoints'. */
export function withAnswerTraffic(
  router: ConnectRouter,
  endpoints: readonly { readonly method: DescMethod; readonly traffic?: Traffic | undefined }[],
): void {
  const paths = new Map(endpoints.map(({ method, traffic }) => [`/${method.parent.typeName}/${method.name}`, traffic]));
  const all = router.handlers.splice(0);
  router.handlers.push(
    ...all.map((handler) => {
      const traffic = paths.get(handler.requestPath);
      return traffic === undefined ? handler : counting(handler, traffic);
    }),
  );
}

function counting(handler: UniversalHandler, traffic: Traffic): UniversalHandler {
  const serve = async (request: UniversalServerRequest): Promise<UniversalServerResponse> => {
    const response = await handler(request);
    const { status, header, body } = response;
    if (status !== 200 || body === undefined) return response;
    const isFramed = FRAMED.test(header?.get("content-type") ?? "");
    return { ...response, body: counted(body, isFramed, traffic) };
  };
  // Connect reads the handler's own properties, `requestPath` for example.
  return Object.assign(serve, handler);
}

/** Connect yields a frame at a time. Frames with other flags than that of compression are ends of streams. */
async function* counted(
  body: AsyncIterable<Uint8Array>,
  isFramed: boolean,
  traffic: Traffic,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of body) {
    const [flags = 0] = chunk;
    if (!isFramed) traffic.countSent(chunk.length);
    else if ((flags & ~COMPRESSED) === 0) traffic.countSent(chunk.length - PREFIX_BYTES);
    yield chunk;
  }
}
