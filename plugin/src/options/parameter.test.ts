import { describe, expect, test } from "vitest";
import type { Diagnostic } from "../diagnostic/diagnostic.ts";
import { withSeverity } from "../diagnostic/severity.ts";
import { parseParameter } from "./parameter.ts";

describe("parameter", () => {
  test("the parameter has defaults", () => {
    expect(parseParameter("")).toEqual({
      parameter: {
        shaping: "",
        importExtension: "none",
        mapImports: [],
        server: { each: false, names: [] },
        errorFormat: "text",
        errorOutput: undefined,
        lock: "bff.lock.json",
        lockMode: "check",
        plan: new Set(),
        openapi: false,
        embed: false,
        mock: false,
        explorer: false,
        uses: false,
        faults: undefined,
        deploy: new Set(),
        weight: {},
        dashboards: new Set(),
        warn: new Set(),
        off: new Set(),
        error: new Set(),
      },
      faults: [],
    });
  });

  test("the parameter accepts every option", () => {
    const raw =
      "import_extension=ts,map_imports=bff/v1/:@protobff/messages,server=true, error_format=github,error_output=a/b=c.json,lock=locks/web.json,lock_mode=update,plan=mermaid,warn=BFF501+BFF702,BFF801,error=BFF141,off=BFF803@web/v1/web.proto";
    expect(parseParameter(raw)).toEqual({
      parameter: {
        shaping: "import_extension=ts,map_imports=bff/v1/:@protobff/messages,server=true",
        importExtension: "ts",
        mapImports: ["bff/v1/:@protobff/messages"],
        server: { each: true, names: [] },
        errorFormat: "github",
        errorOutput: "a/b=c.json",
        lock: "locks/web.json",
        lockMode: "update",
        plan: new Set(["mermaid"]),
        openapi: false,
        embed: false,
        mock: false,
        explorer: false,
        uses: false,
        faults: undefined,
        deploy: new Set(),
        weight: {},
        dashboards: new Set(),
        warn: new Set(["BFF501", "BFF702", "BFF801"]),
        off: new Set(["BFF803@web/v1/web.proto"]),
        error: new Set(["BFF141"]),
      },
      faults: [],
    });
  });

  test.each([
    ["import_extension=.js", { importExtension: "js" }],
    ["server", { server: { each: true, names: [] } }],
    ["server=false", { server: { each: false, names: [] } }],
    ["server=web", { shaping: "server=web", server: { each: false, names: ["web"] } }],
    ["mock=true", { mock: true, shaping: "mock=true" }],
    ["server,explorer", { shaping: "server,explorer", server: { each: true, names: [] }, explorer: true }],
    ["mock,faults=node", { mock: true, faults: "node", shaping: "mock,faults=node" }],
    ["plan=faults", { plan: new Set(["faults"]) }],
    ["plan=json+weight", { plan: new Set(["json", "weight"]) }],
    ["plan=json,faults,mock,plan=text", { plan: new Set(["json", "faults", "text"]), mock: true }],
    ["plan=weight,weight=logic:4", { plan: new Set(["weight"]), weight: { logic: 4 } }],
    ["deploy=docker", { deploy: new Set(["docker"]) }],
    ["openapi=rest", { openapi: "rest" }],
    ["deploy=docker+kubernetes,openapi", { deploy: new Set(["docker", "kubernetes"]), openapi: true }],
    ["deploy=docker,kubernetes,server", { deploy: new Set(["docker", "kubernetes"]), shaping: "server" }],
    ["weight=logic:40+headers:0,plan=weight", { weight: { logic: 40, headers: 0 }, plan: new Set(["weight"]) }],
    [
      "dashboards=grafana, prometheus,plan=text",
      { dashboards: new Set(["grafana", "prometheus"]), plan: new Set(["text"]) },
    ],
    ["server=true,server=web+shop.admin,server=web", { server: { each: true, names: ["web", "shop.admin"] } }],
  ])("%s", (raw, expected) => {
    const { parameter, faults } = parseParameter(raw);
    expect(faults).toEqual([]);
    expect(parameter).toMatchObject(expected);
  });

  test.each([
    ["sever=true", 'unknown option "sever": did you mean "server"?'],
    [
      "zzz",
      'unknown option "zzz": the options are import_extension, map_imports, server, embed, lock, lock_mode, plan, weight, openapi, mock, explorer, uses, faults, deploy, dashboards, error_format, error_output, warn, error, off',
    ],
    [
      "map_imports=@protobff/messages",
      'option "map_imports" needs protos and a package, as in "map_imports=bff/v1/:@protobff/messages"',
    ],
    ["import_extension=tsx", 'option "import_extension" has "tsx": did you mean "ts"?'],
    ["server=yes", 'option "server" has "yes": write true, false or a package, as in "server=web"'],
    ["server=ture", 'option "server" has "ture": did you mean "true"?'],
    ["server=web/v1", 'option "server" has "web/v1": write true, false or a package, as in "server=web"'],
    ["server=", 'option "server" has "": write true, false or a package, as in "server=web"'],
    ["error_format=gihtub", 'option "error_format" has "gihtub": did you mean "github"?'],
    ["error_format", 'option "error_format" has no value: write one of text, github'],
    ["error_output=", 'option "error_output" needs a path, as in "error_output=diagnostics.json"'],
    ["warn=BFF9", 'option "warn" has "BFF9", which is not a code: write "BFF" and three digits'],
    ["error=BFF999", 'option "error" has BFF999, which is not the code of a diagnostic'],
    ["off=BFF803@", 'option "off" has "BFF803@" without a file: write BFF803@web/v1/web.proto'],
    ["off=BFF141,error=BFF141", 'BFF141 is in both "off" and "error": leave out one'],
    ["warn=BFF101", "BFF101 cannot be a warning: nothing could be generated"],
    ["error=", 'option "error" has no value: write codes, as in "error=BFF501+BFF702"'],
    ["warn=BFF701,error=BFF701", 'BFF701 is in both "warn" and "error": leave out one'],
    [
      "BFF701",
      'unknown option "BFF701": the options are import_extension, map_imports, server, embed, lock, lock_mode, plan, weight, openapi, mock, explorer, uses, faults, deploy, dashboards, error_format, error_output, warn, error, off',
    ],
    ["lock=", 'option "lock" needs a path, as in "lock=bff.lock.json"'],
    ["lock_mode=chek", 'option "lock_mode" has "chek": did you mean "check"?'],
    ["lock_mode=off", 'option "lock_mode" has "off": write one of check, update'],
    [
      "deploy",
      'option "deploy" has no value: write docker or kubernetes or gateway-api, or several, as in "deploy=docker+kubernetes"',
    ],
    ["deploy=podman", 'option "deploy" has "podman": write one of docker, kubernetes, gateway-api'],
    ["deploy=docker+kubernets", 'option "deploy" has "kubernets": did you mean "kubernetes"?'],
    ["deploy=docker,kubernets", 'option "deploy" has "kubernets": did you mean "kubernetes"?'],
    [
      "weight=logic:many",
      'option "weight" has "logic:many": write a maximum for each, as in "weight=logic:40+overlap:60+headers:0"',
    ],
    ["weight", 'option "weight" has "": write a maximum for each, as in "weight=logic:40+overlap:60+headers:0"'],
    ["dashboards=graphana", 'option "dashboards" has "graphana": did you mean "grafana"?'],
    [
      "dashboards=grafana,kubernetes",
      'unknown option "kubernetes": the options are import_extension, map_imports, server, embed, lock, lock_mode, plan, weight, openapi, mock, explorer, uses, faults, deploy, dashboards, error_format, error_output, warn, error, off',
    ],
    ["server,explorer=yes", 'option "explorer" has "yes": write one of true, false'],
    ["explorer", 'option "explorer" needs "server": write "server=true,explorer=true"'],
    ["uses", 'option "uses" needs "server": write "server=true,uses=true"'],
    ["openapi=yes", 'option "openapi" has "yes": write one of true, false, rest'],
    [
      "plan",
      'option "plan" has no value: write json or mermaid or text or weight or faults, or several, as in "plan=json+mermaid"',
    ],
    ["plan=json+jsn", 'option "plan" has "jsn": did you mean "json"?'],
    ["plan=json,wieght", 'option "plan" has "wieght": did you mean "weight"?'],
  ])("%s", (raw, fault) => {
    expect(parseParameter(raw).faults).toEqual([fault]);
  });

  test("severities follow the lists", () => {
    const { parameter } = parseParameter("warn=BFF701,error=BFF141");
    const diagnosticOf = (code: Diagnostic["code"], severity: Diagnostic["severity"]): Diagnostic => ({
      code,
      severity,
      message: "m",
      at: { file: "f", line: 1, column: 1, endLine: 1, endColumn: 1 },
    });
    expect(withSeverity(diagnosticOf("BFF701", "error"), parameter)).toEqual(diagnosticOf("BFF701", "warning"));
    expect(withSeverity(diagnosticOf("BFF141", "warning"), parameter)).toEqual(diagnosticOf("BFF141", "error"));
    expect(withSeverity(diagnosticOf("BFF101", "error"), parameter)).toEqual(diagnosticOf("BFF101", "error"));
  });

  test("a file's severities take precedence; only warnings can be off", () => {
    const { parameter } = parseParameter("error=BFF141@f+BFF343,off=BFF141+BFF343@f+BFF701@f+BFF702,warn=BFF702");
    const diagnosticOf = (code: Diagnostic["code"], severity: Diagnostic["severity"], file = "f"): Diagnostic => ({
      code,
      severity,
      message: "m",
      at: { file, line: 1, column: 1, endLine: 1, endColumn: 1 },
    });
    expect(withSeverity(diagnosticOf("BFF141", "warning"), parameter)?.severity).toBe("error");
    expect(withSeverity(diagnosticOf("BFF141", "warning", "g"), parameter)).toBeUndefined();
    expect(withSeverity(diagnosticOf("BFF343", "warning"), parameter)).toBeUndefined();
    expect(withSeverity(diagnosticOf("BFF343", "warning", "g"), parameter)?.severity).toBe("error");
    expect(withSeverity(diagnosticOf("BFF701", "error"), parameter)?.severity).toBe("error");
    expect(withSeverity(diagnosticOf("BFF702", "error"), parameter)).toBeUndefined();
  });
});
