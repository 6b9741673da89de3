import { richCase } from "./test/fuzz/rich.ts";
import { requestsFor } from "./test/fuzz/descriptors.ts";
import { compile } from "./plugin/src/compile.ts";
const r = await requestsFor([richCase(20261127, 1213)]);
const req = [...r.requests.values()][0];
const out = compile(req as never, (() => undefined) as never);
for (const f of out.response.file) if (/app_bff\.ts$/.test(f.name)) console.log(f.content);
