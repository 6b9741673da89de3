// The command that the runner starts: passes requests to the process with the BFF (a socket), and returns its answers.
import { connect } from "node:net";

const socket = connect({ path: process.argv[2] ?? "", allowHalfOpen: true });
process.stdin.pipe(socket);
socket.pipe(process.stdout);
