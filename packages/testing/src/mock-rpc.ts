// Answers of a mock. Every field that is read is required, so that a newly read field causes a compile error in the
// mock.
import type { Message } from "@bufbuild/protobuf";
import type { OutgoingHeaders } from "@protobff/runtime/internal/transport/call-headers";

/** One call that a mock has received. */
export interface MockCall {
  /** `package.Service/Method` */
  readonly method: string;
  /** Decoded by protobuf-es. */
  readonly request: Message;
  /** By lower-case name; values of `-bin` names are base64. */
  readonly headers: OutgoingHeaders;
  /** Deadline of the call, in milliseconds. Infinity: none. */
  readonly timeoutMs: number;
  /** 1 for the first. */
  readonly attempt: number;
  /** Time of arrival, by `now` of the mock's clock. */
  readonly at: number;
  /** Headers and trailers of the answer, which a handler may fill. Names are lower-case. */
  readonly answer: {
    readonly headers: Record<string, string>;
    readonly trailers: Record<string, string>;
    /** The answer, or the last item of a stream. Undefined: none, or not yet. */
    message?: Message;
    /** Number of items that a stream has sent. */
    items?: number;
  };
}

/**
 * A message of a mock, with every field of its type, also of nested ones; undefined for an absent one. The type has the
 * fields that are read, `SummaryRead`.
 */
export type Mocked<T extends Message> = { readonly [K in keyof Required<Fields<T>>]: MockedValue<Fields<T>[K]> };
type Fields<T extends Message> = Omit<T, "$typeName" | "$unknown">;

type MockedValue<V> = V extends string | number | bigint | boolean | Uint8Array | null | undefined
  ? V
  : V extends Message
    ? Mocked<V>
    : V extends readonly (infer Item)[]
      ? readonly MockedValue<Item>[]
      : V extends { readonly case: infer Case extends string; readonly value: infer Value }
        ? { readonly case: Case; readonly value: MockedValue<Value> }
        : V extends { readonly case: undefined }
          ? { readonly case: undefined; readonly value?: undefined }
          : V extends object
            ? { readonly [K in keyof V]: MockedValue<V[K]> }
            : V;

/**
 * Answer of a mock's RPC: a message, or a function that returns one. The function receives the request as decoded from
 * the wire, the default answer, which it can spread, and the call. A `ConnectError` that it throws is the status of the
 * answer; any other error fails the test.
 */
export type MockRpc<Request extends Message, Answer extends Message> =
  | Mocked<Answer>
  | ((request: Request, sample: Mocked<Answer>, call: MockCall) => Mocked<Answer> | Promise<Mocked<Answer>>);

/**
 * Items of a mock's server-streaming RPC: a list, or a function that yields items. The function receives the arguments
 * of a `MockRpc`, with the first of the samples. The next item is requested when it is needed. Errors at any item have
 * the same effects as in a `MockRpc`.
 */
export type MockStreamRpc<Request extends Message, Item extends Message> =
  | readonly Mocked<Item>[]
  | ((
      request: Request,
      sample: Mocked<Item>,
      call: MockCall,
    ) => MockItems<Mocked<Item>> | Promise<MockItems<Mocked<Item>>>);
/** Items in sequence. */
export type MockItems<Item> = Iterable<Item> | AsyncIterable<Item>;

/** Handler of an RPC of either kind. */
export type MockHandler = object | ((request: never, sample: never, call: MockCall) => object | Promise<object>);
