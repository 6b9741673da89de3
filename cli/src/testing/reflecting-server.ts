// A gRPC server of grpc-js with the reflection of its authors: node reflecting-server.ts <folder of protos> <file…>.
// Prints its port, which PORT sets.
import { Server, ServerCredentials } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { ReflectionService } from "@grpc/reflection";

const [folder = "", ...files] = process.argv.slice(2);
const server = new Server();
new ReflectionService(loadSync(files, { includeDirs: [folder], keepCase: true })).addToServer(server);
server.bindAsync(`127.0.0.1:${process.env.PORT ?? 0}`, ServerCredentials.createInsecure(), (error, port) => {
  if (error !== null) throw error;
  console.log(port);
});
