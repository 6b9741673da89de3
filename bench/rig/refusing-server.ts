// The least that a refusal can cost: node:http2, and a status as soon as the request has come whole. Nothing is looked at.
import * as http2 from "node:http2";

const REFUSED = { ":status": 200, "content-type": "application/grpc", "grpc-status": "16" };
const OPTIONS = { endStream: true };

const server = http2.createServer();
server.on("stream", (stream) => {
  stream.resume();
  stream.on("error", () => {});
  stream.once("end", () => stream.respond(REFUSED, OPTIONS));
});
server.listen(Number(process.env.PORT), "127.0.0.1", () => {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  console.log(`listening on http://127.0.0.1:${address.port}`);
});
process.once("SIGTERM", () => process.exit());
