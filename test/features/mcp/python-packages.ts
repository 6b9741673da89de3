// The packages of Python that .ci/run installs for the client of this folder.
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** True if the packages are not available. */
export const WITHOUT_PYTHON_MCP = process.env.PROTOBFF_WITHOUT_PYTHON_MCP === "1";
const FOLDER = fileURLToPath(new URL(".generated/python", import.meta.url));

/**
 * Returns the JSON that the client prints.
 *
 * @param settings of the client, as JSON on its standard input
 * @param script of the folder `python`
 * @throws when the client fails, with its output
 */
export async function pythonClient<Facts>(settings: object, script = "client.py"): Promise<Facts> {
  if (!existsSync(FOLDER))
    throw new Error("no packages: python3 -m pip install --target test/features/mcp/.generated/python mcp==2.3.0");
  const env = { ...process.env, PYTHONPATH: FOLDER, PYTHONDONTWRITEBYTECODE: "1" };
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const child = execFile(
    "python3",
    [fileURLToPath(new URL(`python/${script}`, import.meta.url))],
    { env, maxBuffer: 1 << 24 },
    (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`${error.message}\n${stderr}`));
    },
  );
  child.stdin?.end(JSON.stringify(settings));
  return JSON.parse(await promise) as Facts;
}
