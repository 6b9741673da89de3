// The command that the runner starts for each suite: passes its request to the process that compiles (a socket), and
// returns the answer.
import { connect } from "node:net";

const socket = connect({ path: process.argv[2] ?? "", allowHalfOpen: true });
process.stdin.pipe(socket);
socket.pipe(process.stdout);
