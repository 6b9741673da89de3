// By hand over connect-node, as its documentation shows it: a transport per upstream, made once; deadlines, signals, forwarded headers.
import * as http2 from "node:http2";
import {
  create,
  type DescMethodUnary,
  type DescService,
  type Message,
  type MessageInitShape,
  type MessageShape,
} from "@bufbuild/protobuf";
import { type CallOptions, createClient, type HandlerContext } from "@connectrpc/connect";
import { connectNodeAdapter, createGrpcTransport } from "@connectrpc/connect-node";
import { CALL_SHARE, type Caller, FORWARDED } from "../composition.ts";
import { addressOf, chosenComposition, host, port, ready } from "../settings.ts";

type Unary = (request: object, options: CallOptions) => Promise<Message>;

const clients = new Map<DescService, Record<string, Unary>>();

/** Returns the method of its service's client, which is created on first use. */
function unary({ parent, localName }: DescMethodUnary): Unary {
  let client = clients.get(parent);
  if (client === undefined) {
    client = createClient(parent, createGrpcTransport({ baseUrl: addressOf(parent).origin })) as Record<string, Unary>;
    clients.set(parent, client);
  }
  const method = client[localName];
  if (method === undefined) throw new Error(`${parent.typeName} has no ${localName}`);
  return method;
}

const { method, timeoutMs, compose } = chosenComposition();

function callerFor(context: HandlerContext): Caller {
  const headers: Record<string, string> = {};
  for (const name of FORWARDED) {
    const value = context.requestHeader.get(name);
    if (value !== null) headers[name] = value;
  }
  const budgetMs = Math.min(context.timeoutMs() ?? timeoutMs, timeoutMs) * CALL_SHARE;
  const end = performance.now() + budgetMs;
  return {
    header: (name) => context.requestHeader.get(name) ?? "",
    call: <M extends DescMethodUnary>(
      rpc: M,
      request: MessageInitShape<M["input"]>,
      callMs: number,
    ): Promise<MessageShape<M["output"]>> =>
      unary(rpc)(request, {
        headers,
        signal: context.signal,
        timeoutMs: Math.min(callMs, end - performance.now()),
      }) as Promise<MessageShape<M["output"]>>,
  };
}

const adapter = connectNodeAdapter({
  routes: (router) => {
    router.rpc(method, async (request: Message, context: HandlerContext) =>
      create(method.output, await compose(callerFor(context), request)),
    );
  },
});
const server = http2.createServer({ settings: { maxConcurrentStreams: 1000 } }, adapter);
server.listen(port, host, () => {
  const address = server.address();
  if (address !== null && typeof address === "object") ready(address.port);
});
