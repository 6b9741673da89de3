// The generated module of a simulation, `web_play.ts`.
import type { DescMessage, DescService, Message } from "@bufbuild/protobuf";
import type { Clock } from "@protobff/runtime/internal/clock";
import type { Observer } from "@protobff/runtime/internal/observer";
import type { MockUpstream } from "@protobff/testing";

/** The BFF of one file on mocks in this process. */
export interface PlayModule {
  make(options: PlayOptions): PlayedBff;
  /** Upstreams by the names that `mocks` has. */
  readonly UPSTREAMS: Readonly<Record<string, DescService>>;
  readonly REQUESTS: readonly PlayRequest[];
}

/** Options of `createTestBff` that a simulation sets. */
interface PlayOptions {
  readonly clock: Clock;
  readonly observer: Observer;
  /** Handlers by upstream and method. */
  readonly mocks: Readonly<Record<string, Readonly<Record<string, Handler>>>>;
}
/** Changes the default answer of a mock. */
export type Handler = (request: Message, sample: Message) => Message;

/** A BFF that `createTestBff` has made. */
export interface PlayedBff {
  readonly mocks: Readonly<Record<string, MockUpstream>>;
  close(): void;
}

/** A request that a simulation sends: the sample of an rpc, or one of faults.json. */
export interface PlayRequest {
  /** `package.Service/Method` */
  readonly rpc: string;
  readonly isSample: boolean;
  readonly input: DescMessage;
  request(): Message;
  send(bff: PlayedBff, request: Message, call: object): Promise<unknown>;
}
