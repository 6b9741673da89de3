// Texts of errors, as grpc-js and a reader of PROTOCOL-HTTP2.md see them. grpc-js leaves reserved characters encoded.
import * as http2 from "node:http2";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import * as grpc from "@grpc/grpc-js";
import { routes } from "@protobff/runtime/internal/routes/routes";
import { describe, expect, onTestFinished, test } from "vitest";
import { listening, ours, type Served } from "../testing/all-protocols.ts";
import { bytes, framed } from "../testing/both-paths.ts";
import { kindEndpoint, PATH } from "../testing/test-kinds.ts";

const SLOW = kindEndpoint(true);
const customServer: () => Promise<Served> = () =>
  listening(
    http2.createServer(connectNodeAdapter({ routes: routes([SLOW] as unknown as Parameters<typeof routes>[0]) })),
  );

describe.each([
  ["the fast path", () => ours([kindEndpoint(false)])],
  ["Connect's adapter", () => ours([SLOW])],
  ["a custom server", customServer],
])("on %s", (_, open) => {
  test.each([
    ["grpc-js", overGrpcJs],
    ["gRPC-Web", overWeb],
  ])("%s shows the text of an error", async (_, send) => {
    const served = await open();
    for (const rest of ["key: a/b?c=d&e#f,g;h+i@j$k", "100%", "%3A", "größe", "a\tb"])
      expect(await send(served, rest)).toBe(`no ${rest} – "ü"%\n`);
  });
});

async function overGrpcJs({ port }: Served, rest: string): Promise<string> {
  const client = new grpc.Client(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
  onTestFinished(() => client.close());
  const whole = (value: Buffer): Buffer => value;
  const error = await new Promise<grpc.ServiceError | null>((resolve) =>
    client.makeUnaryRequest(PATH, whole, whole, bytes(`fail:${rest}`), resolve),
  );
  return error?.details ?? "";
}

/** Percent-decodes the value and nothing else. Fails for a character that needs no encoding. */
async function overWeb({ url }: Served, rest: string): Promise<string> {
  const session = http2.connect(url);
  onTestFinished(() => session.destroy());
  const stream = session.request({ ":method": "POST", ":path": PATH, "content-type": "application/grpc-web+proto" });
  stream.end(framed(bytes(`fail:${rest}`)));
  const body = Buffer.concat(await stream.toArray()).toString("latin1");
  const written = /grpc-message: ?(.*)\r\n/.exec(body)?.[1] ?? "";
  const needless = [...written.matchAll(/%([0-9A-F]{2})/g)].filter(([, hex = ""]) => {
    const byte = Number.parseInt(hex, 16);
    return byte >= 0x20 && byte <= 0x7e && byte !== 0x25;
  });
  expect(needless).toEqual([]);
  return decodeURIComponent(written);
}
