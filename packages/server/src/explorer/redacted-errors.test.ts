// Errors of decoding in the live page contain no values of `debug_redact` fields.
import { create, createFileRegistry, type DescMethodUnary } from "@bufbuild/protobuf";
import {
  FileDescriptorProtoSchema,
  file_google_protobuf_timestamp,
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
} from "@bufbuild/protobuf/wkt";
import { endpoint } from "@protobff/runtime/internal/endpoint/endpoint";
import { expect, test } from "vitest";
import { listen } from "../listen.ts";
import { shownMessage } from "./masks.ts";
import { TryIt } from "./try-it.ts";

const options = { debugRedact: true };
const field = (number: number, name: string, more: object) => ({
  number,
  name,
  jsonName: name,
  label: Label.OPTIONAL,
  options,
  ...more,
});
const file = create(FileDescriptorProtoSchema, {
  name: "vault.proto",
  package: "vault.v1",
  syntax: "proto3",
  messageType: [
    {
      name: "Login",
      field: [
        field(1, "password", { type: Type.STRING }),
        field(2, "pin", { type: Type.INT32 }),
        field(3, "until", { type: Type.MESSAGE, typeName: ".google.protobuf.Timestamp" }),
        field(4, "pins", { type: Type.MESSAGE, typeName: ".vault.v1.Login.PinsEntry", label: Label.REPEATED }),
      ],
      nestedType: [
        {
          name: "PinsEntry",
          options: { mapEntry: true },
          field: [
            { ...field(1, "key", { type: Type.INT32 }), options: {} },
            { ...field(2, "value", { type: Type.INT32 }), options: {} },
          ],
        },
      ],
    },
  ],
  service: [{ name: "Vault", method: [{ name: "Open", inputType: ".vault.v1.Login", outputType: ".vault.v1.Login" }] }],
  dependency: ["google/protobuf/timestamp.proto"],
});
const registry = createFileRegistry(file, (name) =>
  name === "google/protobuf/timestamp.proto" ? file_google_protobuf_timestamp : undefined,
);
const method = registry.getService("vault.v1.Vault")?.methods[0] as DescMethodUnary;

test.each([
  '{"password": ["s3cret"]}',
  '{"password": {"s3cret": 1}}',
  '{"password": s3cret}',
  '{"password": "s3cret',
  '{"password": "s3cret\\ud800"}',
  '{"pin": "s3cret"}',
  '{"until": "s3cret"}',
  '{"pins": {"s3cret": 1}}',
  '{"pins": {"1": "s3cret"}}',
])("the error of %s", async (body) => {
  const answer = endpoint(method, undefined, { timeoutMs: 1_000, compose: async () => create(method.output) });
  const server = await listen([answer]);
  try {
    const tryIt = new TryIt(new Map([["vault.v1.Vault/Open", method]]), registry, () => server.url);
    const tried = await tryIt.send({ rpc: "vault.v1.Vault/Open", body, headers: [] });
    expect(tried.status).toBe(400);
    expect(JSON.stringify(tried)).not.toContain("s3cret");
  } finally {
    await server.close(0);
  }
});

test.each([
  Buffer.from("\x0a\x7fs3cret", "latin1"),
  Buffer.from("\x0a\x07s3cret\xff", "latin1"),
  Buffer.from("\x1a\x0b\x08\xff\xff\xff\xff\xff\xff\xff\xff\x7f\x10\x05", "latin1"),
])("a message that cannot be shown: %j", (bytes) => {
  expect(shownMessage(method.input, bytes, registry)).toBe("cannot be shown: no valid vault.v1.Login");
});
