// A generated server over an upstream that serves Connect alone: a server of connect-node over HTTP/1.1.
// Holds docs/runtime.md#upstreams-over-connect
import { Code, ConnectError, type HandlerContext } from "@connectrpc/connect";
import { afterAll, beforeAll, expect, test } from "vitest";
import { GeneratedProject } from "../../support/generated-project.ts";

const DESK = `syntax = "proto3";
package desk.v1;
import "bff/v1/options.proto";
option (bff.v1.file) = {
  upstream: { service: "up.v1.ItemService" protocol: CONNECT retry: { attempts: 2 on: [UNAVAILABLE] } }
};
service DeskService {
  option (bff.v1.service) = {};
  rpc GetDesk(GetDeskRequest) returns (Desk);
}
message GetDeskRequest { string id = 1; }
message Desk {
  option (bff.v1.message) = { let: { name: "item" call: { method: "up.v1.ItemService/GetItem"
    set: { name: "id" by: "args.id" }
    metadata: { name: "x-desk-bin" by: "bytes(args.id)" }
    on_error: { on: NOT_FOUND fallback: "up.v1.Item{name: error.message}" }
  } } };
  string item = 1 [(bff.v1.field).by = "item.name"];
}
`;

const project = new GeneratedProject("connect-upstream", { "desk/v1/desk.proto": DESK });
beforeAll(() => project.generate());
afterAll(() => project.remove());

test("a server with a Connect upstream composes, retries, and reads errors", async () => {
  const seen: HandlerContext[] = [];
  const errors = [new ConnectError("busy", Code.Unavailable)];
  const address = await project.upstream(
    {
      "up.v1.ItemService/GetItem": ({ id }: { id: string }, context) => {
        seen.push(context);
        const error = errors.pop();
        if (error !== undefined) throw error;
        return { name: `item ${id}` };
      },
    },
    1,
  );
  const { post } = await project.served("desk/v1/server.ts", {}, { UP_V1_ITEMSERVICE_URL: address });
  const desk = () => post("desk.v1.DeskService/GetDesk", { id: "a" }, { headers: { "x-request-id": "r-1" } });
  expect(await desk()).toEqual({ status: 200, body: { item: "item a" } });
  expect(seen.map(({ protocolName }) => protocolName)).toEqual(["connect", "connect"]);
  const sent = Object.fromEntries(seen[1]?.requestHeader ?? []);
  expect(sent).toMatchObject({
    "x-request-id": "r-1",
    "x-desk-bin": "YQ",
    "connect-timeout-ms": expect.stringMatching(/^\d{1,4}$/),
    "grpc-previous-rpc-attempts": "1",
  });
  errors.push(new ConnectError("none here", Code.NotFound));
  expect(await desk()).toEqual({ status: 200, body: { item: "none here" } });
  errors.push(new ConnectError("broken", Code.Internal));
  expect(await desk()).toMatchObject({ status: 500, body: { code: "internal", message: "internal error" } });
});
