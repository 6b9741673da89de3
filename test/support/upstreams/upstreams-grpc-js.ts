// Serves the agent and user upstreams with foreign libraries: @grpc/grpc-js with messages by protobuf.js. They prove
// that the BFF uses standard gRPC, beyond the part that Connect understands.
import { fileURLToPath } from "node:url";
import type { DescMessage, Message } from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import * as grpc from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { sessionOf, summaryOf, userOf } from "../../../examples/dashboard/data.ts";
import { SessionSchema, SummarySchema } from "../../../generated/agent/v1/agent_pb.ts";
import { UserSchema } from "../../../generated/user/v1/user_pb.ts";

/** One call as the server saw it. */
export interface GrpcJsCall {
  /** `agent.v1.AgentService/GetSummary` */
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Undefined when the caller set none. */
  readonly deadline: Date | undefined;
  cancelled: boolean;
}

export interface GrpcJsUpstreams {
  readonly urls: { readonly agent: string; readonly user: string };
  /** In order of arrival. */
  readonly calls: GrpcJsCall[];
  /** Every call of this method fails with the status from now on; `undefined` heals. */
  fault(method: string, status: Partial<grpc.StatusObject> | undefined): void;
  close(): Promise<void>;
}

type Unary = (request: Record<string, never>) => object | undefined;

/** A table of methods, with what each answers. */
export async function startGrpcJsUpstreams(): Promise<GrpcJsUpstreams> {
  const loaded = grpc.loadPackageDefinition(
    loadSync(["agent/v1/agent.proto", "user/v1/user.proto"], {
      includeDirs: [fileURLToPath(new URL("../../../proto/example", import.meta.url))],
      longs: String,
      enums: String,
      defaults: true,
      oneofs: true,
    }),
  );
  const calls: GrpcJsCall[] = [];
  const faults = new Map<string, Partial<grpc.StatusObject>>();

  const serve = async (fullName: string, methods: Record<string, Unary>) => {
    const [proto, version, name] = fullName.split(".") as [string, string, string];
    const service = ((loaded[proto] as grpc.GrpcObject)[version] as grpc.GrpcObject)[
      name
    ] as grpc.ServiceClientConstructor;
    const implementation: grpc.UntypedServiceImplementation = {};
    for (const [method, answer] of Object.entries(methods)) {
      const path = `${fullName}/${method}`;
      const handle: grpc.handleUnaryCall<Record<string, never>, object> = (call, reply) => {
        const deadline = call.getDeadline();
        const logged: GrpcJsCall = {
          method: path,
          headers: Object.fromEntries(Object.entries(call.metadata.getMap()).map(([key, value]) => [key, `${value}`])),
          deadline: deadline === Number.POSITIVE_INFINITY ? undefined : new Date(deadline),
          cancelled: false,
        };
        calls.push(logged);
        call.on("cancelled", () => {
          logged.cancelled = true;
        });
        const fault = faults.get(path);
        if (fault !== undefined) return reply({ code: grpc.status.UNKNOWN, details: "made to fail", ...fault });
        const response = answer(call.request);
        if (response === undefined) return reply({ code: grpc.status.NOT_FOUND, details: "not found" });
        reply(null, response);
      };
      implementation[method] = handle as grpc.UntypedHandleCall;
    }
    const server = new grpc.Server();
    server.addService(service.service, implementation);
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      );
    });
    return { server, url: `http://127.0.0.1:${port}` };
  };

  const agent = await serve("agent.v1.AgentService", {
    GetSummary: ({ workspaceId }) => plain(SummarySchema, summaryOf(workspaceId ?? "")),
    GetSession: ({ workspaceId }) => plain(SessionSchema, sessionOf(workspaceId ?? "")),
  });
  const user = await serve("user.v1.UserService", {
    GetUser: ({ id }) => plain(UserSchema, userOf(id ?? "")),
    BatchGetUsers: ({ ids }) => ({
      users: ((ids ?? []) as string[]).map((id) => plain(UserSchema, userOf(id))).filter((user) => user !== undefined),
    }),
  });

  return {
    urls: { agent: agent.url, user: user.url },
    calls,
    fault(method, status) {
      if (status === undefined) faults.delete(method);
      else faults.set(method, status);
    },
    close: async () => {
      agent.server.forceShutdown();
      user.server.forceShutdown();
    },
  };
}

/** As protobuf.js takes it: oneof members side by side, 64-bit integers as text, unset fields left out. */
function plain(desc: DescMessage, message: Message | undefined): object | undefined {
  return message === undefined ? undefined : plainMessage(reflect(desc, message));
}

function plainMessage(message: ReflectMessage): object {
  return Object.fromEntries(
    message.sortedFields
      .filter((field) => message.isSet(field))
      .map((field) => {
        if (field.fieldKind === "list") return [field.localName, [...message.get(field)].map(plainValue)];
        if (field.fieldKind === "map")
          return [
            field.localName,
            Object.fromEntries([...message.get(field)].map(([key, value]) => [key, plainValue(value)])),
          ];
        return [field.localName, plainValue(message.get(field))];
      }),
  );
}

function plainValue(value: unknown): unknown {
  if (typeof value === "bigint") return value.toString();
  if (typeof value === "object" && value !== null && "message" in value) return plainMessage(value as ReflectMessage);
  return value;
}
