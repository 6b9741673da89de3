// What the runner starts for each suite: hands its request to the process that compiles (a socket), and gives back the answer.
import { connect } from "node:net";

const socket = connect({ path: process.argv[2] ?? "", allowHalfOpen: true });
process.stdin.pipe(socket);
socket.pipe(process.stdout);
