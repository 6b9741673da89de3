// Rules in CEL and rules that users have made, as clients see them; a rule that fails at run time is our fault, and says nothing.
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { ViolationsSchema } from "@protobff/messages/buf/validate/validate_pb.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { goldenTexts } from "../../support/archive.ts";
import { GeneratedProject } from "../../support/generated-project.ts";
import { requestFor, schemaOf } from "../../support/request.ts";

const PROTOS = goldenTexts("emit/validation-cel", "proto");

const project = new GeneratedProject("validation-cel", PROTOS);
beforeAll(() => project.generate());
afterAll(() => project.remove());

const RIGHT = { from: 1, to: 2, text: "t-shirt", in: "shop" };

async function served() {
  const server = await project.served("shop/v1/server.ts", {});
  const { registry } = schemaOf(requestFor(PROTOS));
  const service = registry.getService("shop.v1.ShopService");
  if (service === undefined) throw new Error("no service");
  const client = createClient(service, createGrpcTransport({ baseUrl: server.url })) as unknown as {
    readonly find: (request: object) => Promise<unknown>;
  };
  const refused = async (request: object): Promise<ConnectError> =>
    client.find({ ...RIGHT, ...request }).then(
      () => new ConnectError("answered", Code.Unknown),
      (error) => ConnectError.from(error),
    );
  return { ...server, find: client.find, refused };
}

const violationsOf = (error: ConnectError): readonly string[] =>
  error
    .findDetails(ViolationsSchema)
    .flatMap(({ violations }) => violations.map(({ ruleId, message }) => `${ruleId}: ${message}`));

describe("rules in CEL", () => {
  test("compile strictly", () => expect(project.typeChecked()).toBe(""));

  test("report their message, or a default message", async () => {
    const { find, refused } = await served();
    expect(await find(RIGHT)).toMatchObject({ text: "t-shirt" });
    expect(violationsOf(await refused({ text: "shirt" }))).toEqual(["string.begins: shirt does not begin with t-"]);
    expect(violationsOf(await refused({ from: 3 }))).toEqual([
      'this.from <= this.to: "this.from <= this.to" returned false',
    ]);
    expect(violationsOf(await refused({ kinds: { "-1": 1 } }))).toEqual(["kinds.key: key -1"]);
    expect(violationsOf(await refused({ page: { size: 101 }, tags: ["b.a", "a.b"] }))).toEqual([
      "page.size: a page of 1 to 100",
      "repeated.sorted: not in order, of those at most that max_items says",
    ]);
    expect(violationsOf(await refused({ since: timestampFromDate(new Date(Date.now() + 60_000)) })).length).toBe(1);
    expect(violationsOf(await refused({ wait: { seconds: 61n } }))).toEqual(["duration.around: too far off"]);
    expect(violationsOf(await refused({ sure: false, in: "x" }))).toEqual(["sure: be sure"]);
  });

  test("end the request with INTERNAL and no detail if they fail at run time, and other requests are answered", async () => {
    const { find, refused, log } = await served();
    const error = await refused({ limit: 0 });
    expect(error.code).toBe(Code.Internal);
    expect(error.details).toMatchObject([{ type: "google.rpc.ErrorInfo" }, { type: "google.rpc.RequestInfo" }]);
    expect(error.rawMessage).not.toMatch(/zero|limit|this/);
    await expect.poll(log).toMatch(/division by zero/);
    expect(await find({ ...RIGHT, limit: 3 })).toMatchObject({ text: "t-shirt" });
  });
});
