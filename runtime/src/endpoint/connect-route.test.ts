import { create, type Message } from "@bufbuild/protobuf";
import { SourceContextSchema } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, createClient, createRouterTransport } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { Failure } from "../failure.ts";
import { GateService } from "../testing/gate-rig.ts";
import { routeOf } from "./connect-route.ts";
import type { Endpoint } from "./endpoint-options.ts";

type Codec = NonNullable<Endpoint["codec"]>;

/** Returns the client's response, and the failure that observers receive if the response cannot be written. */
async function respond(response: Message, encode: Codec["encode"]) {
  let failure: unknown;
  const run: Endpoint["run"] = (_args, _headers, _clientMs, done) => {
    queueMicrotask(() => {
      failure = done(response, "");
    });
    return { cancel: () => {} };
  };
  const codec = { encode, decode: () => create(SourceContextSchema) };
  const client = createClient(GateService, createRouterTransport(routeOf(GateService.method.get, run, codec)));
  const got = await client.get({}).then(
    ({ fileName }) => fileName,
    (error: unknown) => ConnectError.from(error).code,
  );
  return { got, failure };
}

test("the codec checks the encoding of a response, and its buffer is reused", async () => {
  const written: Message[] = [];
  const response = create(SourceContextSchema, { fileName: "x" });
  const encode = (message: Message) => {
    written.push(message);
    return Buffer.alloc(0);
  };
  expect(await respond(response, encode)).toEqual({ got: "x", failure: undefined });
  expect(written).toEqual([response]);
});

test("observers receive the failure of an unencodable response", async () => {
  const encode = () => {
    throw new Error("cannot encode field");
  };
  const { got, failure } = await respond(create(SourceContextSchema), encode);
  expect(got).toBe(Code.Internal);
  expect(failure).toBeInstanceOf(Failure);
});
