import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { discard } from "../requests/request-body.ts";

/** Time in which a client may send the rest of its last request, in milliseconds. */
const LINGER_MS = 1_000;

const requests = new WeakMap<Socket, IncomingMessage>();

/**
 * Reads the rest of an incomplete request before its connection of HTTP/1.1 closes (RFC 9112, section 9.6). Node closes
 * it with the last answer; the client's next bytes then cause a reset, by which clients lose answers.
 *
 * @param request the newest of its connection
 */
export function lingerAfter(request: IncomingMessage): void {
  const { socket } = request;
  if (!requests.has(socket)) {
    const close = socket.destroySoon;
    let lingers = false;
    socket.destroySoon = () => {
      const last = requests.get(socket);
      if (last === undefined || last.complete || socket.destroyed) return close.call(socket);
      if (lingers) return;
      lingers = true;
      socket.end();
      last.once("close", () => socket.destroy());
      discard(last, socket, LINGER_MS);
    };
  }
  requests.set(socket, request);
}
