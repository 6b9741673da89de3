// Commands of the workflows.

/** The package in its repository. */
export interface WorkflowOptions {
  /** Folder of the package, from the repository's root; "." if it is the root. */
  readonly folder: string;
  /** Branch that changes are compared with. */
  readonly branch: string;
  /** True if protos of upstreams are copied. */
  readonly hasOrigins: boolean;
}

export const NODE_VERSION = 24;
export const UPDATE_BRANCH = "bff-upstream-update";
export const TITLE = "Update the protos of upstreams";
const FAIL_ON = "breaking,identity,permits,exposure,cache,critical-path+20%";

/** Commands that hold for every change. With CI=true an outdated lock fails. */
export const checksOf = ({ hasOrigins }: WorkflowOptions, format: string): readonly string[] => [
  "npx buf lint",
  "npx buf format proto --diff --exit-code",
  "CI=true npx buf generate",
  "npx tsc",
  "npm test",
  ...(hasOrigins ? [`npx protobff upstream check --format ${format}`] : []),
];

const input = ({ folder }: WorkflowOptions, ref: string): string =>
  `$(git rev-parse --show-toplevel)/.git#ref=${ref}${folder === "." ? "" : `,subdir=${folder}`}`;
/** Compares with a branch that has the package already. */
export const diffOf = (options: WorkflowOptions, ref: string, out: string): readonly string[] => [
  `if git cat-file -e "${ref}:./buf.yaml"; then`,
  `  npx protobff diff --against "${input(options, ref)}" --fail-on ${FAIL_ON} > "${out}"`,
  "fi",
];
/** Runs captured requests through the change, if there are some. */
export const replayOf = (out: string): readonly string[] => [
  "if [ -d captures ]; then",
  "  npx buf generate",
  "  npm install --no-save @protobff/replay",
  `  npx protobff replay captures --against "$(find gen -name server.ts | head -n 1)" --format markdown >> "${out}"`,
  "fi",
];
export const updateOf = (out: string): readonly string[] => [
  "status=0",
  `npx protobff upstream update --only-compatible > "${out}" || status=$?`,
  `cat "${out}"`,
];
export const commitOf = (name: string, mail: string): readonly string[] => [
  'if [ -z "$(git status --porcelain -- upstream)" ]; then exit 0; fi',
  `git config user.name "${name}"`,
  `git config user.email "${mail}"`,
  `git switch --force-create ${UPDATE_BRANCH}`,
  "git add upstream",
  `git commit --message "${TITLE}"`,
];

export const below = (indent: string, lines: readonly string[]): string =>
  lines.map((line) => `${indent}${line}\n`).join("");
