// Holds docs/runtime.md#server
import { fromBinary, type MessageInitShape } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { Code, createClient, createRouterTransport } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { describe, expect, it, onTestFinished } from "vitest";
import {
  ServerReflection,
  type ServerReflectionRequestSchema,
  type ServerReflectionResponse,
} from "../gen/grpc/reflection/v1/reflection_pb.ts";
import { listen } from "../listen.ts";
import { echoEndpoint } from "../testing/test-echo.ts";
import { routeReflection } from "./reflection.ts";

type Question = MessageInitShape<typeof ServerReflectionRequestSchema>;

async function reflecting(service = ServerReflection) {
  const server = await listen([echoEndpoint()], { reflection: true });
  onTestFinished(() => server.close(0));
  return { server, reflection: createClient(service, createGrpcTransport({ baseUrl: server.url })) };
}

async function send(...questions: Question[]): Promise<ServerReflectionResponse["messageResponse"][]> {
  const { reflection } = await reflecting();
  async function* all() {
    yield* questions;
  }
  const answers: ServerReflectionResponse["messageResponse"][] = [];
  for await (const { messageResponse } of reflection.serverReflectionInfo(all())) answers.push(messageResponse);
  return answers;
}

function filesOf(answer: ServerReflectionResponse["messageResponse"] | undefined): string[] {
  if (answer?.case !== "fileDescriptorResponse") throw new Error(`not files: ${JSON.stringify(answer)}`);
  return answer.value.fileDescriptorProto.map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes).name);
}

describe("reflection", () => {
  it("reflection lists services", async () => {
    const [answer] = await send({ messageRequest: { case: "listServices", value: "" } });
    expect(answer?.value).toMatchObject({
      service: [{ name: "echo.v1.EchoService" }, { name: "grpc.reflection.v1.ServerReflection" }],
    });
  });

  it.each(["echo.v1.EchoService", ".echo.v1.EchoService", "echo.v1.EchoService.Echo"])(
    "reflection finds %s",
    async (value) => {
      const [answer] = await send({ messageRequest: { case: "fileContainingSymbol", value } });
      expect(filesOf(answer)).toEqual(["echo/v1/echo.proto", "google/protobuf/wrappers.proto"]);
    },
  );

  it("reflection finds messages, fields and files of a service in successive questions", async () => {
    const answers = await send(
      { messageRequest: { case: "fileContainingSymbol", value: "google.protobuf.StringValue" } },
      { messageRequest: { case: "fileContainingSymbol", value: "google.protobuf.StringValue.value" } },
      { messageRequest: { case: "fileByFilename", value: "google/protobuf/wrappers.proto" } },
    );
    expect(answers.map(filesOf)).toEqual(Array(3).fill(["google/protobuf/wrappers.proto"]));
  });

  it("reflection reports what it does not find", async () => {
    const answers = await send(
      { messageRequest: { case: "fileContainingSymbol", value: "no.Such" } },
      { messageRequest: { case: "fileByFilename", value: "no/such.proto" } },
      {
        messageRequest: {
          case: "fileContainingExtension",
          value: { containingType: "echo.v1.Echo", extensionNumber: 1 },
        },
      },
      { messageRequest: { case: "allExtensionNumbersOfType", value: "no.Such" } },
      { messageRequest: { case: "allExtensionNumbersOfType", value: "google.protobuf.StringValue" } },
      { messageRequest: { case: undefined } },
    );
    expect(answers.map((answer) => (answer.case === "errorResponse" ? answer.value.errorCode : answer.case))).toEqual([
      Code.NotFound,
      Code.NotFound,
      Code.NotFound,
      Code.NotFound,
      "allExtensionNumbersResponse",
      Code.Unimplemented,
    ]);
  });

  it("reflection also answers under its older name", async () => {
    const alpha = { ...ServerReflection, typeName: "grpc.reflection.v1alpha.ServerReflection" };
    const methods = ServerReflection.methods.map((method) => ({ ...method, parent: alpha }));
    const { reflection } = await reflecting({ ...alpha, methods } as typeof ServerReflection);
    async function* all(): AsyncGenerator<Question> {
      yield { messageRequest: { case: "fileByFilename", value: "echo/v1/echo.proto" } };
    }
    for await (const { messageResponse } of reflection.serverReflectionInfo(all())) {
      expect(filesOf(messageResponse)).toHaveLength(2);
    }
    expect.assertions(1);
  });

  it("reflection does not delay the server's end", async () => {
    const { server, reflection } = await reflecting();
    const never = Promise.withResolvers<never>();
    async function* all(): AsyncGenerator<Question> {
      yield { messageRequest: { case: "listServices", value: "" } };
      await never.promise;
    }
    for await (const _ of reflection.serverReflectionInfo(all())) void server.close(60_000);
    await server.close();
  });

  it("a reflection stream ends at its maximum age", async () => {
    const transport = createRouterTransport((router) => routeReflection(router, [], new AbortController().signal, 20));
    const never = Promise.withResolvers<never>();
    async function* all(): AsyncGenerator<Question> {
      yield { messageRequest: { case: "listServices", value: "" } };
      await never.promise;
    }
    const answers = createClient(ServerReflection, transport).serverReflectionInfo(all())[Symbol.asyncIterator]();
    expect((await answers.next()).done).toBe(false);
    await expect(answers.next()).rejects.toMatchObject({ code: Code.Unavailable });
  });

  it("reflection is off by default", async () => {
    const server = await listen([echoEndpoint()]);
    onTestFinished(() => server.close(0));
    const response = await fetch(`${server.url}/grpc.reflection.v1.ServerReflection/ServerReflectionInfo`, {
      method: "POST",
    });
    expect(response.status).toBe(404);
  });
});
