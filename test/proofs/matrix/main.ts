// npm run matrix [-- <bff> [--edge <part of its name>] [--fault <part of its name>] [--http]]: the fault matrix, of all BFFs.
import { parseArgs } from "node:util";
import { every, mobile, open, second, web, workedExample } from "./bffs.ts";
import { matrix, renderReport } from "./matrix.ts";
import { overHttp } from "./over-http.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    edge: { type: "string" },
    fault: { type: "string" },
    "at-once": { type: "string" },
    http: { type: "boolean" },
  },
});
const all = [every, open, web, mobile, workedExample, second];
const chosen = positionals.length === 0 ? all : all.filter((bff) => positionals.includes(bff.name));

let edges = 0;
let columns = 0;
let bad = false;
for (const bff of chosen) {
  const report = await matrix(bff, {
    ...(values.edge !== undefined && { edge: values.edge }),
    ...(values.fault !== undefined && { fault: values.fault }),
    ...(values["at-once"] !== undefined && { atOnce: Number(values["at-once"]) }),
    ...(values.http === true && { over: overHttp }),
  });
  console.log(renderReport(report));
  edges += report.edges;
  columns = report.faults;
  bad ||= [...report.wrong, ...report.unreached, ...report.unhandled, ...report.leaked].length > 0;
}
console.log(`${edges} edges × ${columns} faults, ${bad ? "NOT all as declared" : "all as declared"}`);
process.exitCode = bad ? 1 : 0;
