// For tests only: an RPC with a stream of answers, whose items a test provides.
import { create, type Message } from "@bufbuild/protobuf";
import { type SourceContext, SourceContextSchema } from "@bufbuild/protobuf/wkt";
import { type Failure, OVER } from "../failure.ts";
import type { IncomingHeaders } from "../identity/incoming-request.ts";
import type { Follower, StreamEndpoint } from "../stream/stream-endpoint.ts";
import { StreamService } from "./stream-service.ts";

export { StreamService };

/** One client that follows. */
export class TestFollower {
  readonly text: string;
  readonly resume: string | undefined;
  readonly clientMs: number | undefined;
  readonly headers: IncomingHeaders;
  readonly follower: Follower;
  readonly cancelled: Promise<Failure>;
  readonly drained: Promise<void>;
  readonly cancel: (why: Failure) => void;
  readonly drain: () => void;
  #wake: (() => void) | undefined;

  constructor(
    args: Message,
    headers: IncomingHeaders,
    clientState: [number | undefined, string | undefined],
    to: Follower,
  ) {
    this.text = (args as SourceContext).fileName;
    this.headers = headers;
    [this.clientMs, this.resume] = clientState;
    this.follower = to;
    const cancelled = Promise.withResolvers<Failure>();
    this.cancelled = cancelled.promise;
    this.cancel = cancelled.resolve;
    const drained = Promise.withResolvers<void>();
    this.drained = drained.promise;
    this.drain = drained.resolve;
  }
  /** @returns as `Follower.item` */
  item(fileName: string, token?: string): boolean {
    return this.follower.item(create(SourceContextSchema, { fileName }), token);
  }
  beat(token?: string): void {
    this.follower.beat(create(SourceContextSchema, { fileName: "beat" }), token);
  }
  /** The next `Following.ready`. */
  ready(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
  wake(): void {
    this.#wake?.();
  }
}

export interface TestStream extends StreamEndpoint {
  route: StreamEndpoint["route"];
  /** All followers that have arrived. */
  readonly followers: TestFollower[];
  /** Resolves with the next follower, or an earlier one that has not been taken. */
  next(): Promise<TestFollower>;
}

/** @param begin run at once, in `follow` */
export function testStream(
  begin: (follower: TestFollower) => void = () => {},
  { name = "follow", ...more }: Partial<StreamEndpoint> & { name?: "follow" | "run" } = {},
): TestStream {
  const method = StreamService.method[name];
  const followers: TestFollower[] = [];
  let taken = 0;
  let wake: (() => void) | undefined;
  return {
    method,
    followers,
    async next() {
      while (followers.length <= taken)
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      const next = followers[taken++];
      if (next === undefined) throw new Error("nobody");
      return next;
    },
    follow(args, headers, clientMs, resume, to) {
      const follower = new TestFollower(args, headers, [clientMs, resume], to);
      followers.push(follower);
      wake?.();
      begin(follower);
      return {
        ready: () => follower.wake(),
        drain: () => follower.drain(),
        cancel: (why = OVER) => follower.cancel(why),
      };
    },
    route: () => {},
    ...more,
  };
}
