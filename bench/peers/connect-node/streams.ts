// By hand over connect-node, as its documentation shows it: an async generator that pipes what another gives.
import * as http2 from "node:http2";
import { type CallOptions, createClient, type HandlerContext } from "@connectrpc/connect";
import { connectNodeAdapter, createGrpcTransport } from "@connectrpc/connect-node";
import { type FollowRequest, type GetAuthorRequest, RunService } from "../../generated/bench/stream/v1/stream_pb.ts";
import { EventService, ProfileService } from "../../generated/bench/up/v1/up_pb.ts";
import { FORWARDED } from "../composition.ts";
import { addressOf, host, port, ready } from "../settings.ts";

const CALL_MS = 1_500;
const events = createClient(EventService, createGrpcTransport({ baseUrl: addressOf(EventService).origin }));
const profiles = createClient(ProfileService, createGrpcTransport({ baseUrl: addressOf(ProfileService).origin }));

function optionsFor({ requestHeader, signal }: HandlerContext): CallOptions {
  const headers: Record<string, string> = {};
  for (const name of FORWARDED) {
    const value = requestHeader.get(name);
    if (value !== null) headers[name] = value;
  }
  return { headers, signal };
}

const adapter = connectNodeAdapter({
  routes: (router) => {
    router.service(RunService, {
      async *followPlain({ count, stays }: FollowRequest, context) {
        for await (const { seq, text, authorId } of events.watch({ count, stays }, optionsFor(context)))
          yield { seq, text, authorId };
      },
      async *followComposed({ count, stays }: FollowRequest, context) {
        const options = optionsFor(context);
        for await (const { seq, text, authorId } of events.watch({ count, stays }, options)) {
          const author = await profiles.getProfile({ userId: authorId }, { ...options, timeoutMs: CALL_MS });
          yield { seq, text, authorName: author.name };
        }
      },
      async getAuthor({ userId }: GetAuthorRequest, context) {
        const author = await profiles.getProfile({ userId }, { ...optionsFor(context), timeoutMs: CALL_MS });
        return { name: author.name };
      },
    });
  },
});
const server = http2.createServer({ settings: { maxConcurrentStreams: 1000 } }, adapter);
server.listen(port, host, () => {
  const address = server.address();
  if (address !== null && typeof address === "object") ready(address.port);
});
