import {
  below,
  checksOf,
  commitOf,
  diffOf,
  NODE_VERSION,
  replayOf,
  TITLE,
  UPDATE_BRANCH,
  updateOf,
  type WorkflowOptions,
} from "./commands.ts";

/** Returns a pipeline of GitLab. */
export function gitlab(options: WorkflowOptions): string {
  const { folder, branch, hasOrigins } = options;
  const jobOf = (name: string, rule: string, lines: readonly string[], more: readonly string[] = []): string =>
    `${name}:\n  extends: .bff\n  rules:\n    - if: ${rule}\n${below("  ", more)}  script:\n    - |\n${below("      ", lines)}`;
  const base = "origin/$CI_MERGE_REQUEST_TARGET_BRANCH_NAME";
  const update = [
    ...updateOf("$CI_PROJECT_DIR/update.txt"),
    ...commitOf("protobff", "protobff@example.invalid").slice(1),
    'git remote set-url origin "https://oauth2:$BFF_PUSH_TOKEN@$CI_SERVER_HOST/$CI_PROJECT_PATH.git"',
    `git push --force origin ${UPDATE_BRANCH} -o merge_request.create -o merge_request.title="${TITLE}"`,
    "exit $status",
  ];
  const [first, show, print, ...rest] = update;
  const stop = 'if [ -z "$(git status --porcelain -- upstream)" ]; then exit $status; fi';
  const jobs = [
    jobOf(
      "check",
      '$CI_PIPELINE_SOURCE == "merge_request_event" || $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH && $CI_PIPELINE_SOURCE == "push"',
      ["set -e", ...checksOf(options, "text")],
    ),
    jobOf(
      "diff",
      '$CI_PIPELINE_SOURCE == "merge_request_event"',
      [
        "set -e",
        'git fetch origin "$CI_MERGE_REQUEST_TARGET_BRANCH_NAME"',
        ...diffOf(options, base, "$CI_PROJECT_DIR/diff.md"),
        ...replayOf("$CI_PROJECT_DIR/diff.md"),
      ],
      ["artifacts:", "  when: always", "  paths: [diff.md]"],
    ),
    ...(hasOrigins
      ? [jobOf("update", '$CI_PIPELINE_SOURCE == "schedule"', [first ?? "", show ?? "", print ?? "", stop, ...rest])]
      : []),
    jobOf("deploy", "$BFF_URL", ['npx protobff golden check --url "$BFF_URL" --file golden.json']),
  ];
  return `# Written by \`protobff init\`; change it as you like. Changes are compared with ${branch}.${hasOrigins ? "\n# The update needs a schedule, and BFF_PUSH_TOKEN: a token that may push branches." : ""}
.bff:
  image: node:${NODE_VERSION}
  variables:
    GIT_DEPTH: "0"
  before_script:
    - cd ${folder}
    - npm ci

${jobs.join("\n")}`;
}
