// A foreign upstream, @grpc/grpc-js with messages by protobuf.js, that answers calls when a test releases them.
import { create, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import * as grpc from "@grpc/grpc-js";
import { loadFileDescriptorSetFromBuffer } from "@grpc/proto-loader";
import { requestFor } from "../request.ts";

/** A message as protobuf.js has it: names as in the proto, enums by name, 64-bit integers as text. */
export type Plain = Readonly<Record<string, unknown>>;

export interface Arrival {
  /** `GetDesk` */
  readonly method: string;
  readonly request: Plain;
  /** Its `grpc-previous-rpc-attempts` metadata. */
  readonly previous: string | undefined;
  cancelled: boolean;
  answer(message: Plain): void;
  fail(code: grpc.status): void;
}

type ArrivalFilter = (arrival: Arrival) => boolean;

export interface Gates {
  readonly url: string;
  readonly arrivals: readonly Arrival[];
  /** In order: "> Method …" when a call has arrived, "< Method …" before it is answered, "x Method …" when it is cancelled. */
  readonly log: readonly string[];
  /** The first call that is wanted and was not taken yet, as soon as it has arrived. */
  take(filter: ArrivalFilter): Promise<Arrival>;
  /** Resolves when the log has this line. */
  logged(line: string): Promise<void>;
  clear(): void;
  close(): void;
}

/** @param shown what of a request its lines of the log have */
export async function startGates(
  protos: Readonly<Record<string, string>>,
  shown: (request: Plain) => string,
): Promise<Gates> {
  const set = create(FileDescriptorSetSchema, { file: requestFor(protos).protoFile });
  const loaded = loadFileDescriptorSetFromBuffer(Buffer.from(toBinary(FileDescriptorSetSchema, set)), {
    keepCase: true,
    longs: String,
    enums: String,
    oneofs: true,
  });
  const arrivals: Arrival[] = [];
  const log: string[] = [];
  const taken = new Set<Arrival>();
  const waiting = new Set<() => boolean>();
  const happened = (): void => {
    for (const check of waiting) if (check()) waiting.delete(check);
  };
  const until = <T>(found: () => T | undefined): Promise<T> =>
    new Promise((resolve) => {
      const look = (): boolean => {
        const value = found();
        if (value === undefined) return false;
        resolve(value);
        return true;
      };
      if (!look()) waiting.add(look);
    });

  const handler =
    (method: string): grpc.handleUnaryCall<Plain, Plain> =>
    (call, reply) => {
      const line = `${method} ${shown(call.request)}`;
      const previous = call.metadata.get("grpc-previous-rpc-attempts")[0]?.toString();
      let over = false;
      const end = (...ended: Parameters<typeof reply>): void => {
        over = true;
        log.push(`< ${line}`);
        reply(...ended);
      };
      const arrival: Arrival = {
        method,
        request: call.request,
        previous,
        cancelled: false,
        answer: (message) => end(null, message),
        fail: (code) => end({ code, details: "made to fail" }),
      };
      call.on("cancelled", () => {
        if (over) return; // it is told of every call that has ended
        arrival.cancelled = true;
        log.push(`x ${line}`);
        happened();
      });
      arrivals.push(arrival);
      log.push(`> ${line}`);
      happened();
    };

  const server = new grpc.Server();
  for (const definition of Object.values(loaded)) {
    if ("format" in definition) continue; // a message or an enum
    const service = definition as grpc.ServiceDefinition;
    const handlers = Object.keys(service).map((method) => [method, handler(method)]);
    server.addService(service, Object.fromEntries(handlers) as grpc.UntypedServiceImplementation);
  }
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  return {
    url: `http://127.0.0.1:${port}`,
    arrivals,
    log,
    take: (filter) =>
      until(() => {
        const found = arrivals.find((arrival) => !taken.has(arrival) && filter(arrival));
        if (found !== undefined) taken.add(found);
        return found;
      }),
    async logged(line) {
      await until(() => (log.includes(line) ? true : undefined));
    },
    clear() {
      arrivals.length = 0;
      log.length = 0;
    },
    close: () => server.forceShutdown(),
  };
}
