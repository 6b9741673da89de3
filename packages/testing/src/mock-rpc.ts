// What a mock has to say: of a message every field that is read, so that one that is read anew is missing from it when it is compiled.
import type { Message } from "@bufbuild/protobuf";
import type { OutgoingHeaders } from "@protobff/runtime/internal/transport/call-headers";

/** One call that has come to a mock. */
export interface MockCall {
  /** `package.Service/Method` */
  readonly method: string;
  /** Decoded by protobuf-es. */
  readonly request: Message;
  /** By lower-case name; values of `-bin` names are base64. */
  readonly headers: OutgoingHeaders;
  /** The deadline that it has been told, in milliseconds; Infinity for none. */
  readonly timeoutMs: number;
  /** 1 for the first. */
  readonly attempt: number;
  /** When it has come, as its clock's `now` has it. */
  readonly at: number;
  /** What goes back beside the answer; a handler may fill them. Names are lower-case. */
  readonly answer: {
    readonly headers: Record<string, string>;
    readonly trailers: Record<string, string>;
    /** What it has answered, of a stream the last item; undefined: nothing, or not yet. */
    message?: Message;
    /** Of a stream: how many items it has given. */
    items?: number;
  };
}

/**
 * A message as a mock gives it: every field of its type, nested ones too; undefined for one that is absent. The type is that of what is read
 * of it, `SummaryRead`.
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
 * What an rpc of a mock answers: a message, or a function that gives one. The function gets the request as it has come over the wire, what
 * the rpc would answer by default, to be spread, and what else is known of the call. A `ConnectError` that it throws is the status of the
 * answer; whatever else it throws fails the test.
 */
export type MockRpc<Request extends Message, Answer extends Message> =
  | Mocked<Answer>
  | ((request: Request, sample: Mocked<Answer>, call: MockCall) => Mocked<Answer> | Promise<Mocked<Answer>>);

/**
 * What a server-streaming rpc of a mock gives: a list of items, or a function that gives items one after the other. The function gets what
 * `MockRpc`'s gets, with the first of the samples. It is asked for the next item when that is wanted. What it throws, at any item, counts as there.
 */
export type MockStreamRpc<Request extends Message, Item extends Message> =
  | readonly Mocked<Item>[]
  | ((
      request: Request,
      sample: Mocked<Item>,
      call: MockCall,
    ) => MockItems<Mocked<Item>> | Promise<MockItems<Mocked<Item>>>);
/** Items, one after the other. */
export type MockItems<Item> = Iterable<Item> | AsyncIterable<Item>;

/** The same of any rpc. */
export type MockHandler = object | ((request: never, sample: never, call: MockCall) => object | Promise<object>);
