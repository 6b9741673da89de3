// By hand over @grpc/grpc-js, with messages by protobuf-es: a client per upstream, made once; deadlines, cancellation, forwarded headers.
import {
  create,
  type DescMessage,
  type DescMethodUnary,
  type DescService,
  fromBinary,
  type Message,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import * as grpc from "@grpc/grpc-js";
import { CALL_SHARE, type Caller, FORWARDED } from "../composition.ts";
import { addressOf, chosenComposition, host, port, ready } from "../settings.ts";

const LIMITS = { "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 };

const clients = new Map<DescService, grpc.Client>();
function clientOf(service: DescService): grpc.Client {
  let client = clients.get(service);
  if (client === undefined) {
    client = new grpc.Client(addressOf(service).host, grpc.credentials.createInsecure(), LIMITS);
    clients.set(service, client);
  }
  return client;
}

/** Definition of one rpc on the wire, created once. */
type Definition = grpc.MethodDefinition<Message, Message>;
const definitions = new Map<DescMethodUnary, Definition>();
function definitionOf(rpc: DescMethodUnary): Definition {
  let definition = definitions.get(rpc);
  if (definition === undefined) {
    const encode = (schema: DescMessage) => (message: Message) => {
      const { buffer, byteOffset, byteLength } = toBinary(schema, message);
      return Buffer.from(buffer, byteOffset, byteLength);
    };
    const decode = (schema: DescMessage) => (bytes: Buffer) => fromBinary(schema, bytes);
    definition = {
      path: `/${rpc.parent.typeName}/${rpc.name}`,
      requestStream: false,
      responseStream: false,
      requestSerialize: encode(rpc.input),
      requestDeserialize: decode(rpc.input),
      responseSerialize: encode(rpc.output),
      responseDeserialize: decode(rpc.output),
    };
    definitions.set(rpc, definition);
  }
  return definition;
}

const { method, timeoutMs, compose } = chosenComposition();

class Exchange implements Caller {
  readonly #incoming: grpc.Metadata;
  readonly #forwarded = new grpc.Metadata();
  readonly #deadline: number;
  readonly #running = new Set<grpc.ClientUnaryCall>();

  constructor(call: grpc.ServerUnaryCall<Message, Message>) {
    this.#incoming = call.metadata;
    for (const name of FORWARDED) {
      const [value] = this.#incoming.get(name);
      if (value !== undefined) this.#forwarded.set(name, value);
    }
    const now = Date.now();
    const deadline = call.getDeadline();
    const leftMs = Math.min(timeoutMs, (deadline instanceof Date ? deadline.getTime() : deadline) - now);
    this.#deadline = now + leftMs * CALL_SHARE;
  }

  header(name: string): string {
    const [value] = this.#incoming.get(name);
    return value === undefined ? "" : value.toString();
  }

  call<M extends DescMethodUnary>(
    rpc: M,
    request: MessageInitShape<M["input"]>,
    callMs: number,
  ): Promise<MessageShape<M["output"]>> {
    const { path, requestSerialize, responseDeserialize } = definitionOf(rpc);
    return new Promise((resolve, reject) => {
      const running = clientOf(rpc.parent).makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        create(rpc.input, request),
        this.#forwarded,
        { deadline: Math.min(this.#deadline, Date.now() + callMs) },
        (error, reply) => {
          this.#running.delete(running);
          if (reply === undefined) reject(error);
          else resolve(reply as MessageShape<M["output"]>);
        },
      );
      this.#running.add(running);
    });
  }

  /** The client has gone, or the response has failed. */
  cancel(): void {
    for (const call of this.#running) call.cancel();
  }
}

async function serve(call: grpc.ServerUnaryCall<Message, Message>, reply: grpc.sendUnaryData<Message>): Promise<void> {
  const exchange = new Exchange(call);
  call.on("cancelled", () => exchange.cancel());
  try {
    reply(null, create(method.output, await compose(exchange, call.request)));
  } catch (error) {
    exchange.cancel();
    reply(error as grpc.ServiceError);
  }
}

const server = new grpc.Server(LIMITS);
server.addService({ [method.localName]: definitionOf(method) }, { [method.localName]: serve });
server.bindAsync(`${host}:${port}`, grpc.ServerCredentials.createInsecure(), (error, bound) => {
  if (error !== null) throw error;
  ready(bound);
});
